// Package render turns the model into files, in memory: templates in, formatted
// files out. It reads nothing but the embedded templates and writes nothing.
package render

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/templates"
)

// output is one row of the table of what a project consists of: which files, if
// the project has them at all, and who makes them.
type output struct {
	when func(*model.Project) bool // nil: always
	make func(*engine) ([]File, error)
}

// outputs is the whole project.
var outputs = []output{
	{make: apiFiles},
	{make: static("clientip", "codec", "problem", "router", "server")},
	{make: static("client"), when: hasClient},
	{make: clientFiles, when: hasClient},
	{make: static("schema"), when: hasSchemas},
	{make: docsFiles, when: hasDocs},
	{make: static("database"), when: hasStore},
	{make: static("ratelimit"), when: hasLimits},
	{make: static("httpcache"), when: hasCache},
	{make: static("auth"), when: hasAuth},
	{make: authFiles, when: hasAuth},
	{make: static("shed"), when: hasShed},
	{make: static("idempotency"), when: hasIdempotency},
	{make: static("redis"), when: hasRedis},
	{make: static("session"), when: hasSession},
	{make: static("telemetry"), when: hasTelemetry},
	{make: storeFiles, when: hasStore},
	{make: handlerFiles},
	{make: projectFiles},
	{make: shippingFiles},
}

func hasStore(p *model.Project) bool { return p.Features.Store }

func hasClient(p *model.Project) bool { return p.Features.Client }

// readsAnswers reports whether a project decodes answers.
func readsAnswers(p *model.Project) bool { return p.Features.Client || p.Features.Check }

func hasLimits(p *model.Project) bool { return p.Features.RateLimit }

func hasCache(p *model.Project) bool { return p.Features.Cache }

func hasShed(p *model.Project) bool { return p.Features.Shed }

func hasRedis(p *model.Project) bool { return p.Features.Redis }

func hasDocs(p *model.Project) bool { return p.Features.Docs }

func hasTelemetry(p *model.Project) bool { return p.Features.Telemetry() }

func hasMetrics(p *model.Project) bool { return p.Features.Metrics }

func hasOTLP(p *model.Project) bool { return p.Features.OTLP }

func hasSession(p *model.Project) bool { return p.Features.Session }

func hasIdempotency(p *model.Project) bool { return p.Features.Idempotency }

func hasSchemas(p *model.Project) bool { return len(p.Checks) > 0 }

// parts are the files of static packages that only some projects need.
var parts = map[string]func(*model.Project) bool{
	"internal/codec/schema":     hasSchemas,
	"internal/codec/custom":     func(p *model.Project) bool { return p.Customs },
	"internal/ratelimit/redis":  hasRedis,
	"internal/database/redis":   hasRedis,
	"internal/httpcache/redis":  hasRedis,
	"internal/httpcache/suite":  func(*model.Project) bool { return false }, // it needs a folder that users do not have
	"internal/store/owner":      hasOwners,
	"internal/store/answers":    hasIdempotency,
	"internal/server/streams":   hasKind(model.EventBody), // a test
	"internal/auth/session":     both(hasAuth, hasSessionScheme),
	"internal/auth/token":       both(hasAuth, hasTokens),
	"internal/auth/jwks":        both(hasAuth, hasTokens),
	"internal/auth/keysource":   both(hasAuth, hasTokens),
	"internal/auth/memory":      both(hasAuth, func(p *model.Project) bool { return p.Guard.Tokens() || p.Guard.Passwords() }),
	"internal/auth/key":         both(hasAuth, hasKeys),
	"internal/auth/entry":       both(hasAuth, func(p *model.Project) bool { return p.Guard.Keys() || p.Guard.Passwords() }),
	"internal/auth/user":        both(hasAuth, hasPasswords),
	"internal/auth/throttle":    both(hasAuth, hasPasswords),
	"internal/auth/certificate": both(hasAuth, hasCertificates),
	"internal/session/redis":    hasRedis,
	"internal/session/database": hasStore,
	"internal/codec/integer":    func(p *model.Project) bool { return p.Integers },
	"internal/codec/xml":        hasXML,
	"internal/codec/xmlname":    hasXML,
	"internal/codec/xmlread":    hasXML,
	"internal/codec/xmlwrite":   hasXML,
	"internal/codec/multipart":  hasKind(model.MultipartBody),
	"internal/codec/stream":     hasKind(model.EventBody, model.LinesBody),
	"internal/codec/pace":       hasLong,

	"internal/telemetry/admin":     hasMetrics,
	"internal/telemetry/otlp":      hasOTLP,
	"internal/telemetry/runtime":   hasOTLP,
	"internal/telemetry/transport": hasOTLP,
	"internal/telemetry/session":   hasSession,
	"internal/telemetry/database":  hasStore,
	"internal/telemetry/redis":     hasRedis,
	"internal/telemetry/ratelimit": hasLimits,
	"internal/telemetry/cache":     hasCache,
	"internal/telemetry/shed":      hasShed,
	"internal/telemetry/span":      func(p *model.Project) bool { return hasStore(p) || hasRedis(p) },
	"internal/telemetry/state":     func(p *model.Project) bool { return hasLimits(p) || hasRedis(p) },

	"internal/session/00001_sessions.sql": hasStore,

	"internal/codec/credential":    hasGuard,
	"internal/codec/answer":        readsAnswers,
	"internal/codec/answeritems":   both(readsAnswers, hasResultKind(model.EventBody, model.LinesBody)),
	"internal/codec/answerxml":     both(readsAnswers, hasXML),
	"internal/codec/callxml":       both(hasClient, hasXML),
	"internal/codec/tag":           hasCache,
	"internal/codec/hold":          func(p *model.Project) bool { return p.Features.Check },
	"internal/codec/call":          hasClient,
	"internal/codec/node":          hasClient,
	"internal/codec/callpipe":      both(hasClient, hasBodyKind(model.MultipartBody, model.LinesBody)),
	"internal/codec/callmultipart": both(hasClient, hasBodyKind(model.MultipartBody)),
	"internal/codec/calllines":     both(hasClient, hasBodyKind(model.LinesBody)),

	"internal/codec/media": func(p *model.Project) bool {
		return readsAnswers(p) || hasKind(model.MultipartBody)(p) || slices.ContainsFunc(p.Operations, func(o *model.Operation) bool {
			return chooses(o) || o.ContentType != "" || len(o.Bodies()) > 1 || o.Body != nil && (o.Body.Form != nil || o.Body.XML != nil)
		})
	},
}

// hasLong reports whether some answer may be long: one that is sent while it is made.
func hasLong(p *model.Project) bool {
	return hasKind(model.EventBody, model.LinesBody)(p) || slices.ContainsFunc(p.Operations, (*model.Operation).Streams) ||
		slices.ContainsFunc(p.Failures, func(f *model.Failure) bool { return f.Body != nil && f.Body.Kind == model.StreamBody })
}

func both(a, b func(*model.Project) bool) func(*model.Project) bool {
	return func(p *model.Project) bool { return a(p) && b(p) }
}

// hasKind reports whether a project has payloads of one of the kinds.
func hasKind(kinds ...model.BodyKind) func(*model.Project) bool {
	bodies, results := hasBodyKind(kinds...), hasResultKind(kinds...)
	return func(p *model.Project) bool { return bodies(p) || results(p) }
}

// hasBodyKind is hasKind for what requests carry.
func hasBodyKind(kinds ...model.BodyKind) func(*model.Project) bool {
	return func(p *model.Project) bool {
		return slices.ContainsFunc(p.Operations, func(o *model.Operation) bool {
			return slices.ContainsFunc(o.Bodies(), func(b *model.Body) bool { return slices.Contains(kinds, b.Kind) })
		})
	}
}

// hasResultKind is hasKind for what successes carry.
func hasResultKind(kinds ...model.BodyKind) func(*model.Project) bool {
	return func(p *model.Project) bool {
		return slices.ContainsFunc(p.Operations, func(o *model.Operation) bool {
			return slices.ContainsFunc(o.Successes, func(s *model.Success) bool {
				return s.Body != nil && slices.Contains(kinds, s.Body.Kind)
			})
		})
	}
}

// Files renders the project. The files are sorted by path; the same project
// always gives the same bytes.
func Files(p *model.Project) ([]File, error) {
	e := newEngine(p)
	results := make([][]File, len(outputs))
	errs := make([]error, len(outputs))
	var group sync.WaitGroup
	for i, o := range outputs {
		if o.when != nil && !o.when(p) {
			continue
		}
		group.Go(func() { results[i], errs[i] = o.make(e) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
	}
	files := slices.Concat(results...)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// apiFiles makes package api, the contract in Go. The order matters: the file
// that declares the regular expressions comes last, when all of them are known.
func apiFiles(e *engine) ([]File, error) {
	data := newAPIFile(e.project)
	var files []File
	absent := map[string]bool{
		"schemas":  !hasSchemas(e.project),
		"webhooks": len(e.project.Webhooks) == 0,
		"security": !hasGuard(e.project),
		"xml":      !hasXML(e.project),
		"client":   !hasClient(e.project),
		"answers":  !readsAnswers(e.project),
		"routes":   !hasTelemetry(e.project),
	}
	for _, name := range []string{"types", "json", "operations", "webhooks", "client", "answers", "server", "routes", "security", "xml", "schemas"} {
		if absent[name] {
			continue
		}
		file := "internal/api/" + name + ".gen.go"
		src, err := e.goFile(file+".tmpl", "api", true, data)
		if err != nil {
			return nil, err
		}
		if len(src) > 0 {
			files = append(files, File{Path: file, Class: Generated, Data: src})
		}
	}
	return files, nil
}

// static copies packages that need no templating: real Go, with the module path
// made the project's own. Their tests come along.
func static(packages ...string) func(*engine) ([]File, error) {
	return func(e *engine) ([]File, error) {
		var files []File
		for _, name := range packages {
			dir := "project/internal/" + name
			entries, err := fs.ReadDir(templates.Project, dir)
			if err != nil {
				return nil, fmt.Errorf("read package: %w", err)
			}
			for _, entry := range entries {
				if entry.IsDir() || strings.HasSuffix(entry.Name(), ".tmpl") {
					continue
				}
				file := path.Join("internal", name, entry.Name())
				if needed := parts[strings.TrimSuffix(strings.TrimSuffix(file, ".go"), "_test")]; needed != nil && !needed(e.project) {
					continue
				}
				data, err := e.copy(file)
				if err != nil {
					return nil, err
				}
				files = append(files, File{Path: file, Class: Managed, Data: data})
			}
		}
		return files, nil
	}
}

// copy returns a static file of the project folder, with imports rewritten when
// it is Go.
func (e *engine) copy(name string) ([]byte, error) {
	data, err := templates.Project.ReadFile("project/" + name)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if !strings.HasSuffix(name, ".go") {
		return data, nil
	}
	return rewriteImports(name, data, e.project.Module)
}
