package docs

import (
	"errors"
	"go/build"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/qmpsh/qmpsh"

// room is one row of the table in architecture.md: a package and all that it imports beyond Go's own library.
type room struct {
	name    string
	imports []string
}

var quoted = regexp.MustCompile("`([^`]+)`")

// tableRooms reads the rows of architecture.md's table of rooms, in their order.
func tableRooms(t *testing.T) (rooms []room) {
	t.Helper()
	_, table, found := strings.Cut(page(t, "architecture.md"), "\n## Rooms\n")
	if !found {
		t.Fatal("architecture.md has no section Rooms")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	for _, cells := range rows(table)[1:] { // the first is the heading
		r := room{name: strings.Trim(cells[0], "`/")}
		for _, m := range quoted.FindAllStringSubmatch(cells[len(cells)-1], -1) {
			r.imports = append(r.imports, m[1])
		}
		rooms = append(rooms, r)
	}
	return rooms
}

// importsOf returns what the package in dir imports beyond Go's own library, in the words of the table.
func importsOf(t *testing.T, dir string) (imports []string, ok bool) {
	t.Helper()
	pkg, err := build.ImportDir(dir, 0)
	var none *build.NoGoError
	if errors.As(err, &none) || err == nil && len(pkg.GoFiles) == 0 {
		return nil, false // no package, or nothing but tests
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pkg.Imports {
		if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
			imports = append(imports, shortName(name))
		}
	}
	slices.Sort(imports)
	return imports, true
}

// shortName drops what every reader knows: this module's path, and the host of a library.
func shortName(path string) string {
	if own, found := strings.CutPrefix(path, modulePath+"/"); found {
		return own
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, "github.com/"), "golang.org/")
}

// packages returns every package of the repository that is more than tests, as a room.
func packages(t *testing.T) map[string]room {
	t.Helper()
	found := map[string]room{}
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := d.Name(); base == "testdata" || len(base) > 2 && strings.HasPrefix(base, ".") {
			return fs.SkipDir
		}
		if imports, ok := importsOf(t, dir); ok {
			name, _ := filepath.Rel(root, dir)
			if name == "." {
				name = "main.go"
			}
			found[name] = room{name, imports}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// cell is what the table's last column has to be.
func cell(imports []string) string {
	if len(imports) == 0 {
		return "standard library only"
	}
	return "`" + strings.Join(imports, "`, `") + "`"
}

// The table of rooms in architecture.md says exactly what each package imports.
func TestLayersAreAsArchitectureSays(t *testing.T) {
	found := packages(t)
	for _, r := range tableRooms(t) {
		have, ok := found[r.name]
		if !ok {
			t.Errorf("docs/architecture.md has a row for room %s, which does not exist", r.name)
			continue
		}
		delete(found, r.name)
		slices.Sort(r.imports)
		if !slices.Equal(r.imports, have.imports) {
			t.Errorf("docs/architecture.md: what room %s imports is now\n\t%s\nand the table says\n\t%s\n"+
				"if the new wall is meant, put the first into the table's last column", r.name, cell(have.imports), cell(r.imports))
		}
	}
	for _, r := range found {
		t.Errorf("docs/architecture.md has no row for room %s; its last column is\n\t%s", r.name, cell(r.imports))
	}
}

// A room imports only what stands further down in the table.
func TestImportsPointDownward(t *testing.T) {
	rooms := tableRooms(t)
	place := map[string]int{}
	for i, r := range rooms {
		place[r.name] = i
	}
	for i, r := range rooms {
		for _, name := range r.imports {
			if at, own := place[name]; own && at <= i {
				t.Errorf("docs/architecture.md: %s imports %s, which stands above it: imports point downward", r.name, name)
			}
		}
	}
}

// Nothing that is built into the program comes from a package for tests.
func TestOnlyTestsImportTestPackages(t *testing.T) {
	for _, r := range packages(t) {
		for _, name := range r.imports {
			if strings.HasSuffix(name, "test") && !strings.HasSuffix(r.name, "test") {
				t.Errorf("%s imports %s, which is for tests", r.name, name)
			}
		}
	}
}
