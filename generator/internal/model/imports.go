package model

import (
	"path"
)

// StandardPackages are those of the standard library that templates may name.
var StandardPackages = []string{
	"bytes", "cmp", "context", "crypto/x509", "database/sql", "embed", "encoding/json", "errors", "fmt", "io", "iter", "log", "log/slog",
	"maps", "math", "mime/multipart", "net/http", "net/http/httptest", "net/url", "os", "path/filepath", "regexp",
	"slices", "strconv", "strings", "sync", "testing", "time",
}

// ProjectPackages are those of a generated project that templates may name.
var ProjectPackages = []string{
	"api", "auth", "client", "clientip", "codec", "config", "database", "handler", "httpcache", "idempotency", "problem", "ratelimit", "redis", "router",
	"schema", "server", "session", "shed", "store",
}

// UUIDPackage makes the keys of rows.
const UUIDPackage = "github.com/google/uuid"

// ownPackages are the names that generated code gives to packages, and those of its
// variables, with the path of the package: no other package gets them.
var ownPackages = func() map[string]string {
	out := map[string]string{path.Base(UUIDPackage): UUIDPackage}
	for _, name := range []string{
		"answer", "args", "body", "c", "ctx", "d", "decode", "e", "err", "failures", "h", "i", "in", "item", "j", "k", "key", "m",
		"members", "name", "out", "p", "page", "path", "plain", "r", "req", "res", "row", "rows", "rt", "s", "scanner", "schemas",
		"seen", "stmt", "t", "tag", "text", "v", "value", "values", "w", "x",
	} {
		out[name] = ""
	}
	for _, name := range ProjectPackages {
		out[name] = ""
	}
	for _, p := range StandardPackages {
		out[path.Base(p)] = p
	}
	return out
}()
