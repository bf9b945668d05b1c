// Command shipping checks the files of generated projects that only other programs
// read: manifests, which kustomize builds and Kubernetes's own types decode strictly,
// compose.yaml and the workflow. It is a module of its own because of what it needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/rhysd/actionlint"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	failed := false
	for _, dir := range os.Args[1:] {
		for _, check := range []struct {
			name, file string
			run        func(string) (string, error)
		}{
			{"manifests", "deploy/kubernetes/kustomization.yaml", manifests},
			{"compose", "compose.yaml", compose},
			{"workflow", ".github/workflows/ci.yaml", workflow},
		} {
			if _, err := os.Stat(filepath.Join(dir, check.file)); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			found, err := check.run(dir)
			if err != nil {
				failed = true
				found = err.Error()
			}
			fmt.Printf("%s: %s: %s\n", dir, check.name, found)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// manifests builds the base as somebody does who has filled in the secret.
func manifests(dir string) (string, error) {
	base := filesys.MakeFsInMemory()
	entries, err := os.ReadDir(filepath.Join(dir, "deploy/kubernetes"))
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, "deploy/kubernetes", e.Name()))
		if err == nil {
			err = base.WriteFile("/base/"+strings.TrimSuffix(e.Name(), ".example"), text)
		}
		if err != nil {
			return "", err
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(base, "/base")
	if err != nil {
		return "", err
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var kinds []string
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return "", err
		}
		if os.Getenv("SHOW") != "" {
			fmt.Printf("---\n%s", text)
		}
		object, kind, err := strict.Decode(text, nil, nil)
		if err != nil {
			return "", fmt.Errorf("%w\n%s", err, text)
		}
		if _, unknown := object.(*runtime.Unknown); unknown {
			return "", fmt.Errorf("unknown kind %s", kind)
		}
		kinds = append(kinds, kind.Kind)
	}
	return strings.Join(kinds, " "), nil
}

// compose loads the file as somebody does who has no account anywhere, then with the keys
// of those there are: everything starts then.
func compose(dir string) (string, error) {
	without, err := services(dir)
	if err != nil {
		return "", err
	}
	with, err := services(dir, "NEW_RELIC_LICENSE_KEY=d", "DD_API_KEY=e")
	if err == nil && strings.Contains(with, "=0") {
		err = fmt.Errorf("with a key there is still %s", with)
	}
	return without, err
}

// services names what starts, and what does not with =0 behind it.
func services(dir string, env ...string) (string, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir),
		cli.WithEnv(append(env, "POSTGRES_PASSWORD=a", "REPLICATION_PASSWORD=b", "GRAFANA_PASSWORD=c")),
		cli.WithResolvedPaths(false), cli.WithoutEnvironmentResolution)
	if err != nil {
		return "", err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return "", err
	}
	names := project.ServiceNames()
	for i, name := range names {
		if one := project.Services[name]; one.GetScale() == 0 {
			names[i] += "=0"
		}
	}
	return strings.Join(names, " "), nil
}

func workflow(dir string) (string, error) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		return "", err
	}
	found, err := linter.LintFile(filepath.Join(dir, ".github/workflows/ci.yaml"), nil)
	if err != nil {
		return "", err
	}
	var errs []error
	for _, e := range found {
		errs = append(errs, e)
	}
	return "no complaints", errors.Join(errs...)
}
