package generator_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// browser starts a headless Chromium with a page of the given size. What the page
// complains about is a mistake of the test.
func browser(t *testing.T, width, height int) context.Context {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	switch {
	case program == "" && os.Getenv("APIGEN_REQUIRE_SERVICES") == "1":
		t.Fatal("chromium is not installed, and APIGEN_REQUIRE_SERVICES=1 asks for it")
	case program == "":
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.UserDataDir(t.TempDir()), chromedp.Env("TMPDIR="+t.TempDir()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	var complaints []string
	done := make(chan struct{})
	messages := chromedp.Console(ctx)
	go func() {
		defer close(done)
		for m, err := range messages {
			if err == nil && (m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException || m.Type == chromedp.ConsoleWarning) {
				complaints = append(complaints, m.Text+" "+m.URL)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, c := range complaints {
			t.Error("the page complains:", c)
		}
	})
	return ctx
}

// TestDocsPage opens the page about an API in a browser: it lists every operation,
// and one can be called from it.
func TestDocsPage(t *testing.T) {
	for _, tt := range []struct {
		name, golden, base, operation string
		operations                    int
	}{
		{name: "bookshop", golden: "bookshop", base: "/v1", operation: "listAuthors", operations: 18},
	} {
		dir := filepath.Join(repository, "testdata/golden", tt.golden, "want")
		s, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "test.db"), "BASE_PATH="+tt.base)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		})
		for _, size := range [][2]int{{1280, 900}, {390, 844}} {
			t.Run(fmt.Sprintf("%s/%dx%d", tt.name, size[0], size[1]), func(t *testing.T) {
				ctx := browser(t, size[0], size[1])
				block := fmt.Sprintf(`[id$="-%s"]`, tt.operation)
				result := chromedp.CSS(block + " .live-responses-table tbody .response-col_status")
				if err := chromedp.Do(ctx,
					chromedp.EmulateViewport(int64(size[0]), int64(size[1])),
					chromedp.Navigate(s.URL+tt.base+"/docs/"),
					chromedp.WaitVisible(chromedp.CSS(".opblock")),
					chromedp.Click(chromedp.CSS(block+" .opblock-summary-control")),
					chromedp.Click(chromedp.CSS(block+" .execute")),
					chromedp.WaitVisible(result),
				); err != nil {
					t.Fatal(err)
				}
				found := evaluate[int](ctx, t, `document.querySelectorAll(".opblock").length`)
				wide := evaluate[int](ctx, t, `document.documentElement.scrollWidth - window.innerWidth`)
				status, err := chromedp.Run(ctx, chromedp.Text(result))
				if err != nil {
					t.Fatal(err)
				}
				if found != tt.operations || strings.TrimSpace(status) != "200" || wide > 0 {
					t.Errorf("%d operations, status %q, %d pixels too wide", found, status, wide)
				}
				if folder := os.Getenv("APIGEN_SCREENSHOTS"); folder != "" {
					picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("docs-%s-%d.png", tt.name, size[0])), picture, 0o644); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

func evaluate[T any](ctx context.Context, t *testing.T, script string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
