package servertest

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

// Tests listen on ports below those that systems give to outgoing connections. The bus of a
// node of a Redis cluster has a port that is 10,000 higher than the node's.
const (
	firstPort = 10_000
	ports     = 10_000
)

// last is the port that was given last. Processes that test at the same time begin at
// different ones.
var last = struct {
	sync.Mutex
	port int
}{port: os.Getpid() * 1009 % ports}

// FreeAddr returns an address of this machine on which nobody listens. It gives one out
// once: a server that is not up yet keeps its address from others that start.
func FreeAddr() (string, error) {
	last.Lock()
	defer last.Unlock()
	for range ports {
		last.port = (last.port + 1) % ports
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+last.port))
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("find free port: none from %d to %d", firstPort, firstPort+ports-1)
}

func freePort() (string, error) {
	addr, err := FreeAddr()
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(addr)
	return port, err
}
