package render

// Class says who may change a file after it was written.
type Class string

// The classes of ownership.
const (
	Generated Class = "generated" // apigen's: rewritten on each run, edits are refused
	Managed   Class = "managed"   // shared: rewritten while nobody edited it
	Yours     Class = "yours"     // the user's: written once, then only appended to
)

// File is one file of the project as the templates make it.
type File struct {
	Path  string // slash separated, relative to the project
	Class Class
	Data  []byte
	Stubs []Stub // handler files: the methods in Data, so that missing ones can be appended to an edited file
}

// Stub is one method that a handler file must have.
type Stub struct {
	Method  string
	Source  string   // the method with its doc comment, gofmt'd, no package clause
	Imports []string // import paths it needs
}
