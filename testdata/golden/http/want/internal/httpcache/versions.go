package httpcache

import "sync/atomic"

// slots is how many versions there are. What shares a slot is invalidated together,
// so the number bounds memory (512 KiB) and never how right answers are.
const slots = 1 << 16

// everything is the slot that all answers are under.
const everything = 0

// mark is a version that was current when an answer was asked for. An answer whose
// marks are not all current is dead: something that it may depend on was written
// since, be it before the answer came or after.
type mark struct {
	Slot    uint16
	Version uint64
}

// versions say what has been written since answers were kept. Nothing is searched or
// removed when something is written: its slots get a version that no answer has.
type versions struct {
	slots [slots]atomic.Uint64
}

func newVersions() *versions { return new(versions) }

// slotOf is the slot of a name. It is the same in all instances.
func slotOf(kind, name string) uint16 {
	const prime = 1099511628211 // FNV-1a
	h := uint64(14695981039346656037)
	for i := range len(kind) {
		h = (h ^ uint64(kind[i])) * prime
	}
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * prime
	}
	return uint16((h^h>>32^h>>16)%(slots-1)) + 1
}

// now returns the versions of some slots, and that of everything.
func (v *versions) now(of []uint16) []mark {
	out := make([]mark, 0, len(of)+1)
	out = append(out, mark{everything, v.slots[everything].Load()})
	for _, slot := range of {
		out = append(out, mark{slot, v.slots[slot].Load()})
	}
	return out
}

func (v *versions) current(marks []mark) bool {
	for _, m := range marks {
		if v.slots[m.Slot].Load() != m.Version {
			return false
		}
	}
	return true
}

// bump gives slots a version that they did not have.
func (v *versions) bump(of []uint16) {
	for _, slot := range of {
		v.slots[slot].Add(1)
	}
}

// set takes a version that another instance has given. Those that are older than what
// is known come late.
func (v *versions) set(slot uint16, version uint64) {
	for {
		old := v.slots[slot].Load()
		if version <= old || v.slots[slot].CompareAndSwap(old, version) {
			return
		}
	}
}
