package auth

import (
	"crypto/sha256"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestMemory(t *testing.T) {
	m, now := newMemory(), time.Now()
	who, keys, others := &Principal{Subject: "ada"}, new(int), new(int)
	hash := sha256.Sum256([]byte("token"))
	m.put(hash, who, now, now.Add(time.Minute), keys)
	if m.get(hash, now, keys) != who || m.get(hash, now.Add(time.Minute-1), keys) != who {
		t.Error("it is forgotten")
	}
	if m.get(hash, now.Add(time.Minute), keys) != nil {
		t.Error("it outlives its time")
	}
	if m.get(hash, now, others) != nil || m.get(hash, now, nil) != nil {
		t.Error("it outlives its keys")
	}
	if m.get(sha256.Sum256([]byte("other")), now, keys) != nil {
		t.Error("another one is known")
	}
}

// TestMemoryIsBounded puts in more than fits, from several sides.
func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemory(), time.Now()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range maxMemory {
				hash := sha256.Sum256([]byte(strconv.Itoa(worker*maxMemory + i)))
				m.put(hash, &Principal{}, now, now.Add(time.Minute), nil)
				m.get(hash, now, nil)
			}
		})
	}
	group.Wait()
	if got := len(m.entries); got > maxMemory || got < maxMemory-16 {
		t.Errorf("%d are kept", got)
	}
}
