package model

import (
	"slices"
	"strconv"
	"strings"
)

// Client holds the names of the typed client. They make way for those of the
// document, and stay what they were when it grows.
type Client struct {
	Type, Options, New string // in package api

	// Of package client, which has the names of package api beside them:
	Nullable, NewNullable, NewNull, Date, NewDate, ParseDate, Raw, Problem, AnswerError string
	Multipart, Part, NewMultipart                                                       string
}

// client names the typed client.
func (b *builder) client() {
	if !b.p.Features.Client {
		return
	}
	c := &Client{}
	for _, n := range []struct {
		to   *string
		name string
	}{
		{&c.Type, "Client"},
		{&c.Options, "ClientOptions"},
		{&c.New, "NewClient"},
		{&c.Nullable, "Nullable"},
		{&c.NewNullable, "NewNullable"},
		{&c.NewNull, "NewNull"},
		{&c.Date, "Date"},
		{&c.NewDate, "NewDate"},
		{&c.ParseDate, "ParseDate"},
		{&c.Raw, "Raw"},
		{&c.Problem, "Problem"},
		{&c.AnswerError, "AnswerError"},
		{&c.Multipart, "Multipart"},
		{&c.Part, "Part"},
		{&c.NewMultipart, "NewMultipart"},
	} {
		*n.to = b.names.pin(clientKey+n.name, n.name, "API"+n.name)
	}
	b.p.Client = c
}

// CallPath is the path template of requests, with the query that some documents
// put into it. Parts of that whose values are parameters are left out.
func (o *Operation) CallPath() string {
	path, query := cutPath(o.Path)
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		if _, value, ok := strings.Cut(pair, "="); ok && !strings.HasPrefix(value, "{") {
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) > 0 {
		path += "?" + strings.Join(pairs, "&")
	}
	return path
}

// Redirects reports whether a redirection is a declared success.
func (o *Operation) Redirects() bool {
	return slices.ContainsFunc(o.Successes, func(s *Success) bool { return s.Status >= 300 })
}

// Key is the number under which answers look for a status: the status, or its
// hundreds.
func (s *Success) Key() int {
	if s.Range {
		return s.Status / 100
	}
	return s.Status
}

// RangeName is the statuses of a failure: "404", "4XX" or "default".
func (f *Failure) RangeName() string {
	switch {
	case f.Status == 0:
		return "default"
	case f.Range:
		return strconv.Itoa(f.Status/100) + "XX"
	}
	return strconv.Itoa(f.Status)
}
