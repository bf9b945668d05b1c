package generator

import "github.com/apigen-go/apigen/generator/internal/resource"

// ResourceDocument turns resources in the short notation, such as
//
//	book title:string! price:decimal isbn:string:unique author:ref(author)
//
// into an OpenAPI 3.1 document that describes complete CRUD for each. Mistakes
// come back all at once, each with its place marked.
func ResourceDocument(title string, resources []string) ([]byte, error) {
	all, errs := resource.Parse(resources, false)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return resource.Document(title, all)
}

// CheckResources reports the mistakes in resources that are being typed. With
// partial set more may follow: references to resources that are not there yet
// are left open.
func CheckResources(resources []string, partial bool) error {
	_, errs := resource.Parse(resources, partial)
	return errs.Err()
}
