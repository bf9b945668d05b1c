// Command bench serves the pets of the side-by-side bench from memory: package
// api of a generated project under a handler written by hand, as its owner would
// write one. BARE leaves the middleware of package server out.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"example.com/pets/internal/api"
	"example.com/pets/internal/problem"
	"example.com/pets/internal/server"
)

// count is how many pets there are; what POST adds goes into as many slots, in
// turn, so that a long load does not grow the store.
const count = 10000

type handler struct {
	mu   sync.RWMutex
	pets map[int64]api.Pet
	next int64
}

func (h *handler) ListPets(_ context.Context, req api.ListPetsRequest) ([]api.Pet, error) {
	out := make([]api.Pet, req.Limit)
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i := range out {
		out[i] = h.pets[int64(i+1)]
	}
	return out, nil
}

func (h *handler) CreatePet(_ context.Context, req api.CreatePetRequest) (*api.Pet, error) {
	b := req.Body
	h.mu.Lock()
	defer h.mu.Unlock()
	p := api.Pet{
		ID: count + 1 + h.next%count, Name: b.Name, Species: api.PetSpecies(b.Species), Age: b.Age, Weight: b.Weight,
		Vaccinated: b.Vaccinated, Tags: b.Tags, Owner: b.Owner, BornAt: b.BornAt, Notes: b.Notes,
	}
	h.next++
	h.pets[p.ID] = p
	return &p, nil
}

func (h *handler) GetPet(_ context.Context, req api.GetPetRequest) (*api.Pet, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p, ok := h.pets[req.ID]
	if !ok {
		return nil, problem.New(http.StatusNotFound, "there is no such pet")
	}
	return &p, nil
}

func main() {
	text, err := os.ReadFile("data/pets.json") // relative to the folder of the bench
	if err != nil {
		log.Fatal(err)
	}
	var pets []api.Pet
	if err := json.Unmarshal(text, &pets); err != nil {
		log.Fatal(err)
	}
	h := &handler{pets: make(map[int64]api.Pet, 2*count)}
	for _, p := range pets {
		h.pets[p.ID] = p
	}
	addr := net.JoinHostPort("127.0.0.1", os.Getenv("PORT"))
	routes := api.New(h, api.Options{})
	if os.Getenv("BARE") != "" {
		log.Fatal(http.ListenAndServe(addr, routes))
	}
	cfg := server.Config{
		Addr: addr, MaxBody: 1 << 20, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		RequestTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ShutdownTimeout: 20 * time.Second,
	}
	if err := server.New(cfg, slog.New(slog.NewJSONHandler(io.Discard, nil)), routes).Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
