package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"time"
)

// With DEBUG_ADDR the rig may ask how many goroutines there are.
func init() {
	addr := os.Getenv("DEBUG_ADDR")
	if addr == "" {
		return
	}
	count := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = fmt.Fprint(w, runtime.NumGoroutine())
	}
	srv := &http.Server{Addr: addr, Handler: http.HandlerFunc(count), ReadHeaderTimeout: time.Second}
	go func() { panic(srv.ListenAndServe()) }()
}
