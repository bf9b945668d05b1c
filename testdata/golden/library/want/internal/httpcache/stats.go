package httpcache

// result is what became of a request that may be answered from the cache.
type result int

const (
	hit    result = iota // answered from the cache
	stale                // answered with something old, as the answer or its policy allows
	miss                 // answered by the handler, maybe together with others
	bypass               // answered by the handler because the cache has no part in it
	results
)

var resultNames = [results]string{"hit", "stale", "miss", "bypass"}

// Stats is what a cache has done since the start, and how large it is now.
type Stats struct {
	Requests map[string]int64 // by result: hit, stale, miss or bypass
	Bytes    int64
}

// Stats returns the numbers of this moment.
func (c *Cache) Stats() Stats {
	s := Stats{Requests: make(map[string]int64, results), Bytes: int64(c.entries.WeightedSize())}
	for i, name := range resultNames {
		s.Requests[name] = c.counts[i].Load()
	}
	return s
}
