package model

// reads reports whether the site lists, reads or creates rows. Without that, what
// it writes or deletes are rows of some other site.
func (s *site) reads() bool {
	for _, c := range s.members {
		if c.kind == List || c.kind == Get || c.kind == Create {
			return true
		}
	}
	return false
}

// adopt gives a site that only writes or deletes to the resource that has its
// rows: DELETE /reviews/{id} to what POST /books/{id}/reviews creates. Where there
// is not exactly one of this name, the site's operations are dropped.
func adopt(s *site, list []*resource) {
	var homes []*resource
	for _, r := range list {
		if r.noun == s.noun() {
			homes = append(homes, r)
		}
	}
	if len(homes) == 1 && homes[0].takes(s) {
		homes[0].sites = append(homes[0].sites, s)
		return
	}
	for _, c := range clone(s.members) {
		s.drop(c, orphanReason(c.kind))
	}
}

// takes reports whether the site's path parameter is the key of the resource's
// rows and its answers show them.
func (r *resource) takes(s *site) bool {
	if item := s.itemType(); len(pathParams(s)) > 0 || item != nil && item != r.item {
		return false
	}
	param := r.keyParam()
	own := r.keyField(param)
	for _, c := range s.members {
		key := r.keyField(c.key)
		if key == nil || columnKind(key.Type) != columnKind(c.key.Type) || key != own && (own != nil || param != nil) {
			return false
		}
	}
	return true
}

// orphanReason tells why a write is a stub when its resource has nothing else.
func orphanReason(kind CRUDKind) string {
	if kind == Delete {
		return "nothing creates, lists or reads what it deletes"
	}
	return "nothing lists or reads what it writes"
}
