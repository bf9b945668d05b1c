package config

import (
	"strings"
	"testing"
)

func TestLoadNeedsNoSettings(t *testing.T) {
	cfg, err := Load(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Server.Addr != ":8080" {
		t.Errorf("address: %q", cfg.Server.Addr)
	}
	for _, v := range cfg.Vars {
		if v.Value != v.Default {
			t.Errorf("%s is %q, not its default %q", v.Name, v.Value, v.Default)
		}
	}
}

func TestLoadComparesTimeouts(t *testing.T) {
	vars := map[string]string{"REQUEST_TIMEOUT": "1m", "WRITE_TIMEOUT": "30s"}
	_, err := Load(func(name string) string { return vars[name] })
	if err == nil || !strings.Contains(err.Error(), "WRITE_TIMEOUT") {
		t.Errorf("got %v", err)
	}
}

func TestLoadRefusesUnsafeSettings(t *testing.T) {
	vars := map[string]string{"CORS_ORIGINS": "*", "CORS_CREDENTIALS": "true"}
	_, err := Load(func(name string) string { return vars[name] })
	if err == nil || !strings.Contains(err.Error(), "any page could read") {
		t.Errorf("got %v", err)
	}
}
