// Package templates holds what generated projects are made of.
package templates

import "embed"

// Project mirrors the tree of a generated project below the folder "project".
// Files that end in .tmpl are templates, NAME in a path is the name of the
// project; the others are copied with the module path rewritten.
//
//go:embed all:project
var Project embed.FS

// Modules holds a go.mod and a go.sum for every set of features that has
// dependencies of its own: the versions that this module itself is built with.
//
//go:embed modules
var Modules embed.FS
