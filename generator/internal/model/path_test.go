package model

import (
	"slices"
	"testing"
)

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		template    string
		names       []string
		shape       string
		path, query string
	}{
		{"/books/{id}", []string{"id"}, "/books/{}", "/books/{id}", ""},
		{"/v2/{+name}:run", []string{"name"}, "/v2/{+}:run", "/v2/{+name}:run", ""},
		{"/{.label*}/{;matrix}/{a}-{b*}", []string{"label", "matrix", "a", "b"}, "/{}/{}/{}-{}", "/{.label*}/{;matrix}/{a}-{b*}", ""},
		{"/{id}/#Action=Send", []string{"id"}, "/{}/#Action=Send", "/{id}/", "Action=Send"},
		{"/?Action=Send&x", nil, "/?Action=Send&x", "/", "Action=Send"},
		{"/a#", nil, "/a#", "/a", ""},
		{"/{+}", []string{"+"}, "/{+}", "/{+}", ""},
	} {
		path, query := cutPath(tt.template)
		if names := pathNames(tt.template); !slices.Equal(names, tt.names) || pathShape(tt.template) != tt.shape || path != tt.path || query != tt.query {
			t.Errorf("%s: got %q, %s, %s, %s", tt.template, names, pathShape(tt.template), path, query)
		}
	}
}
