package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
)

// errCancelled is the user's Ctrl-C or Esc, or the end of the input.
var errCancelled = errors.New("cancelled; nothing was written")

// prompter asks one question at a time on the terminal. In accessible mode it
// reads plain lines, so a screen reader or a pipe can drive it.
type prompter struct {
	ctx        context.Context
	in         io.Reader
	out        io.Writer
	accessible bool
	colour     bool
	eof        bool
}

func newPrompter(ctx context.Context, t *terminal, accessible bool) *prompter {
	// Styles are chosen for standard output unless told otherwise; the questions
	// go to standard error.
	lipgloss.SetDefaultRenderer(lipgloss.NewRenderer(t.err))
	p := &prompter{ctx: ctx, in: t.in, out: t.err, accessible: accessible, colour: t.colour}
	if accessible {
		p.in = &lineReader{r: t.in, eof: &p.eof}
	}
	return p
}

// ask shows one field and waits for the answer.
func (p *prompter) ask(field huh.Field) error {
	keys := huh.NewDefaultKeyMap()
	keys.Quit = key.NewBinding(key.WithKeys("ctrl+c", "esc"), key.WithHelp("esc", "cancel"))
	theme := huh.ThemeBase()
	if p.colour {
		theme = huh.ThemeCharm()
	}
	form := huh.NewForm(huh.NewGroup(field)).
		WithInput(p.in).WithOutput(p.out).WithAccessible(p.accessible).WithKeyMap(keys).WithTheme(theme)
	done := make(chan error, 1)
	go func() { done <- form.RunWithContext(p.ctx) }()
	select {
	case err := <-done:
		if errors.Is(err, huh.ErrUserAborted) || p.ctx.Err() != nil || p.eof {
			return errCancelled
		}
		return err
	case <-p.accessibleInterrupt():
		return errCancelled
	}
}

// accessibleInterrupt is closed on Ctrl-C in accessible mode, where a blocked
// read would hide it; the full screen mode sees the key itself.
func (p *prompter) accessibleInterrupt() <-chan struct{} {
	if p.accessible {
		return p.ctx.Done()
	}
	return nil
}

// note leaves a line on the screen for an answered question, without what its
// title says about the empty answer.
func (p *prompter) note(question, answer string) {
	if !p.accessible {
		question, _, _ = strings.Cut(question, ",")
		fmt.Fprintf(p.out, "%s: %s\n", strings.TrimSuffix(question, "?"), answer)
	}
}

// text asks for one line.
func (p *prompter) text(title, description, preset string, check func(string) error) (string, error) {
	answer := preset
	shown := title
	if p.accessible {
		shown = strings.TrimSpace(title+" "+parenthesis(preset)) + ":"
	}
	input := huh.NewInput().Title(shown).Value(&answer).Validate(func(s string) error {
		if p.accessible && strings.TrimSpace(s) == "" {
			s = preset
		}
		return check(strings.TrimSpace(s))
	})
	if description != "" {
		input.Description(description)
		if p.accessible {
			fmt.Fprintln(p.out, description)
		}
	}
	if err := p.ask(input); err != nil {
		return "", err
	}
	answer = strings.TrimSpace(answer)
	if answer != "" {
		p.note(title, answer)
	}
	return answer, nil
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// choose asks for one of the options and returns its index.
func (p *prompter) choose(title string, options ...string) (int, error) {
	var choice int
	var opts []huh.Option[int]
	for i, o := range options {
		opts = append(opts, huh.NewOption(o, i))
	}
	if err := p.ask(huh.NewSelect[int]().Title(title).Options(opts...).Value(&choice)); err != nil {
		return 0, err
	}
	p.note(title, options[choice])
	return choice, nil
}

// pick asks for any number of the options; some are chosen at first.
func (p *prompter) pick(title string, options, first []string) ([]string, error) {
	var chosen []string
	var opts []huh.Option[string]
	for _, o := range options {
		opts = append(opts, huh.NewOption(o, o).Selected(slices.Contains(first, o)))
	}
	if p.accessible {
		fmt.Fprintln(p.out, "Each number takes a feature out or back in; 0 goes on.")
	}
	if err := p.ask(huh.NewMultiSelect[string]().Title(title).Options(opts...).Value(&chosen)); err != nil {
		return nil, err
	}
	p.note(title, strings.Join(chosen, ", "))
	return chosen, nil
}

// confirm asks a yes-or-no question whose default is yes.
func (p *prompter) confirm(title string) error {
	yes := true
	if err := p.ask(huh.NewConfirm().Title(title).Value(&yes)); err != nil {
		return err
	}
	if !yes {
		return errCancelled
	}
	return nil
}

// lineReader hands out one line per read, because each question buffers what it
// reads and would swallow the answers to the next. It reports the end of input,
// which the form library does not.
type lineReader struct {
	r    io.Reader
	rest bytes.Buffer
	eof  *bool
}

func (l *lineReader) Read(p []byte) (int, error) {
	for l.rest.Len() == 0 {
		var one [1]byte
		for {
			n, err := l.r.Read(one[:])
			l.rest.Write(one[:n])
			if err != nil {
				if l.rest.Len() == 0 {
					*l.eof = true
					return 0, io.EOF
				}
				break
			}
			if n == 1 && one[0] == '\n' {
				break
			}
		}
	}
	return l.rest.Read(p)
}
