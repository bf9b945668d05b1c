// Command bench serves the pets of the side-by-side bench from memory: package
// api of a generated project under a handler written by hand, as its owner would
// write one. BARE leaves the middleware of package server out, EVERYTHING adds what the
// generated command does: limits, cache, shedding and metrics. Lines of log are made and
// thrown away. PROFILE names a file for the use of the processor until an interrupt, not
// with BARE.
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
	"os/signal"
	"runtime/pprof"
	"sync"

	"example.com/pets/internal/api"
	"example.com/pets/internal/config"
	"example.com/pets/internal/httpcache"
	"example.com/pets/internal/problem"
	"example.com/pets/internal/ratelimit"
	"example.com/pets/internal/server"
	"example.com/pets/internal/shed"
	"example.com/pets/internal/telemetry"
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
	if os.Getenv("BARE") != "" {
		log.Fatal(http.ListenAndServe(addr, api.New(h, api.Options{})))
	}
	cfg, err := config.Load(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	cfg.Server.Addr = addr
	lines := slog.New(slog.NewJSONHandler(io.Discard, nil))
	options := api.Options{Log: lines}
	if os.Getenv("EVERYTHING") != "" {
		options.Limiter = ratelimit.New(cfg.RateLimit, ratelimit.Options{Log: lines})
		options.Cache = httpcache.New(cfg.Cache, httpcache.Options{Name: "pets"})
		options.Shedder = shed.New(cfg.Shed, lines)
		tel, err := telemetry.New(cfg.Telemetry, telemetry.NewPage("127.0.0.1:0"))
		if err != nil {
			log.Fatal(err)
		}
		cfg.Server.Observer, cfg.Server.Operation = tel.Requests(), api.OperationOf
		tel.Limits(options.Limiter)
		tel.Cache(options.Cache)
		tel.Shed(options.Shedder)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if name := os.Getenv("PROFILE"); name != "" {
		f, err := os.Create(name)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			log.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	if err := server.New(cfg.Server, lines, api.New(h, options)).Run(ctx); err != nil {
		log.Fatal(err)
	}
}
