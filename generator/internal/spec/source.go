package spec

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxFiles is how many files a document may be spread over.
const maxFiles = 10_000

// source is one of the files that make up the document. The first one is the
// document itself.
type source struct {
	name string // as positions call it
	path string // in Options.Files; "" when nothing can refer to it
	url  string // where it comes from, "" for a local file
	base int32  // the source that references in it are relative to
	root *node  // nil when it could not be read
	text []byte

	anchors        map[string]*node // $anchor and $dynamicAnchor, nil until the first use
	dynamicAnchors map[string]int   // how many schemas have each of the latter
}

// origin is where a reference leads: a file, and the address it stands for when
// it is a remote one.
type origin struct{ path, url string }

// addSource makes room for a file whose nodes get the returned number.
func (d *decoder) addSource(s *source) int32 {
	d.sources = append(d.sources, s)
	return int32(len(d.sources) - 1)
}

// base returns the source that references in the node are relative to.
func (d *decoder) base(n *node) int32 {
	if d.converted { // everything has been brought into the one document
		return 0
	}
	return d.sources[n.at.file].base
}

// foreign reports whether the node is of a file other than the document's own.
func (d *decoder) foreign(n *node) bool { return d.base(n) != 0 }

// open returns the source that the file part of a reference names. Without one
// the lookup says why.
func (d *decoder) open(from int32, file string) (int32, lookup) {
	at, fail := d.locate(from, file)
	if fail.msg != "" {
		return 0, fail
	}
	if i, ok := d.opened[at.path]; ok {
		return i, d.unread[at.path]
	}
	s := &source{name: d.nameOf(at), path: at.path, url: at.url}
	i := d.addSource(s)
	s.base = i
	d.opened[at.path] = i
	if s.text, fail = d.read(file, at); fail.msg == "" {
		if s.root = d.parse(i, s.text); s.root == nil {
			fail = lookup{msg: "reference leads into a file that cannot be read: " + s.name}
		}
	}
	d.unread[at.path] = fail
	return i, fail
}

// locate finds out which file is meant.
func (d *decoder) locate(from int32, file string) (origin, lookup) {
	refused := func(format string, args ...any) (origin, lookup) {
		return origin{}, lookup{msg: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(file)
	if err != nil {
		return refused("reference %s is no path and no URL", short(file))
	}
	if s := d.sources[from]; s.url != "" {
		if base, err := url.Parse(s.url); err == nil {
			u = base.ResolveReference(u)
		}
	}
	if rel, ok := d.underSelf(u); ok {
		return rel, lookup{}
	}
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		u.Fragment = ""
		return origin{d.remotePath(u), u.String()}, lookup{}
	case u.Scheme != "" || u.Host != "" || path.IsAbs(u.Path):
		_, fail := refused("reference %s to a file is refused", short(file))
		fail.hint = "name the file relative to the one that refers to it"
		return origin{}, fail
	case d.opt.Files == nil:
		return origin{}, lookup{
			msg:  "external reference " + short(file) + " cannot be followed: the document is not read from a folder",
			hint: "name the document by its path, or bundle it into one file first",
		}
	}
	p := path.Join(path.Dir(d.sources[from].path), u.Path)
	if !fs.ValidPath(p) {
		return origin{}, d.outside(file, p)
	}
	return origin{path: p}, lookup{}
}

// outside refuses a file that is not in a folder where files may be read.
func (d *decoder) outside(file, p string) lookup {
	return lookup{
		msg:  "reference " + short(file) + " leads out of the folder of the document",
		hint: "allow the folder with --allow-ref " + filepath.ToSlash(filepath.Dir(d.nameOf(origin{path: p}))),
	}
}

// underSelf resolves an address by the $self of the document: what lies beside
// it there lies beside it here.
func (d *decoder) underSelf(u *url.URL) (origin, bool) {
	if d.self == nil || u.Scheme != d.self.Scheme || u.Host != d.self.Host || d.opt.Path == "" {
		return origin{}, false
	}
	if u.Path == d.self.Path {
		return origin{path: d.opt.Path}, true
	}
	rel, ok := strings.CutPrefix(u.Path, path.Dir(d.self.Path)+"/")
	p := path.Join(path.Dir(d.opt.Path), rel)
	return origin{path: p}, ok && d.opt.Files != nil && fs.ValidPath(p)
}

// remotePath is where the text of an address is kept, beside the document.
func (d *decoder) remotePath(u *url.URL) string {
	p := path.Clean("/" + u.Path)
	if p == "/" {
		p = "/index"
	}
	if u.RawQuery != "" {
		p += "_" + url.PathEscape(u.RawQuery)
	}
	host := strings.NewReplacer(":", "_", "/", "_", "\\", "_").Replace(u.Host)
	return path.Join(path.Dir(d.opt.Path), "remote", host, p)
}

// nameOf is what positions call a file: its path as seen from where the
// document was named.
func (d *decoder) nameOf(at origin) string {
	if at.url != "" {
		return at.url
	}
	rel, err := filepath.Rel(filepath.FromSlash(path.Dir(d.opt.Path)), filepath.FromSlash(at.path))
	if err != nil {
		return at.path
	}
	return filepath.Join(filepath.Dir(d.sources[0].name), rel)
}

// read returns the text of a file. What lies at an address is fetched when that
// is allowed; else the copy that an earlier run kept is taken.
func (d *decoder) read(file string, at origin) ([]byte, lookup) {
	left := d.opt.maxSize() - d.total
	if len(d.sources) > maxFiles || left <= 0 {
		return nil, lookup{msg: "the document refers to too many files, or too big ones"}
	}
	var text []byte
	var err error
	if at.url != "" && d.opt.Fetch != nil && d.opt.allows(at.url) {
		if text, err = d.opt.Fetch(at.url); err != nil {
			return nil, lookup{msg: fmt.Sprintf("cannot fetch %s: %v", at.url, err)}
		}
	} else if d.opt.Files == nil {
		err = fs.ErrNotExist
	} else {
		text, err = readFile(d.opt.Files, at.path, left)
	}
	d.total += len(text)
	switch {
	case err == nil && len(text) > left:
		return nil, lookup{msg: "the files of the document are larger than " + fmt.Sprint(max(d.opt.maxSize()>>20, 1)) + " MiB"}
	case err == nil:
		return text, lookup{}
	case at.url != "":
		return nil, lookup{
			msg:  "reference to the address " + short(at.url) + " is refused",
			hint: "allow it with --allow-ref " + folderOf(at.url),
		}
	case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "escapes from parent"):
		return nil, d.outside(file, at.path)
	}
	return nil, d.notThere(file, at, err)
}

// notThere explains why a file inside the folder cannot be read.
func (d *decoder) notThere(file string, at origin, err error) lookup {
	if !errors.Is(err, fs.ErrNotExist) {
		return lookup{msg: fmt.Sprintf("cannot read the file %s: %v", d.nameOf(at), reason(err))}
	}
	fail := lookup{
		msg:  "external reference " + short(file) + " points to nothing: there is no file " + d.nameOf(at),
		hint: "put the file there, or bundle the document into one file first",
	}
	if c := d.component("schemas"); c != nil && c.get(file) != nil {
		fail.hint = "did you mean #/components/schemas/" + file + "?"
		return fail
	}
	if entries, err := fs.ReadDir(d.opt.Files, path.Dir(at.path)); err == nil {
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if hint := d.didYouMean(path.Base(at.path), names); hint != "" {
			fail.hint = hint
		}
	}
	return fail
}

// reason is what went wrong with a file, without its path.
func reason(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// folderOf is the part of an address that others beside it share.
func folderOf(address string) string {
	if i := strings.LastIndexByte(address, '/'); i > len("https://") {
		return address[:i+1]
	}
	return address
}

// readFile reads a file, one byte more than limit at most.
func readFile(files fs.FS, name string, limit int) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("it is no regular file"))
	}
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

// referenced returns the files that references led to, sorted by path.
func (d *decoder) referenced() []File {
	var out []File
	for _, s := range d.sources[1:] {
		if s.path != "" && s.root != nil {
			out = append(out, File{Path: s.path, Text: s.text})
		}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out
}
