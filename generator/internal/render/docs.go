package render

// docsFiles makes package docs: the page and the documents that it shows.
func docsFiles(e *engine) ([]File, error) {
	files, err := static("docs", "docs/page")(e)
	if err != nil {
		return nil, err
	}
	const name = "internal/docs/documents.gen.go"
	src, err := e.goFile(name+".tmpl", "docs", true, e.project)
	if err != nil {
		return nil, err
	}
	files = append(files, File{Path: name, Class: Generated, Data: src})
	for _, p := range e.project.Published {
		files = append(files, File{Path: "internal/docs/" + p.File() + ".json", Class: Generated, Data: p.JSON})
	}
	return files, nil
}
