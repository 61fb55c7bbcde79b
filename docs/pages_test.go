package docs

import (
	"bufio"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this folder.
const root = ".."

// textFiles returns the repository's own text files with one of these endings, by their path from the root.
func textFiles(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || d.Name() == "fuzz" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains(endings, filepath.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no files ending in %q below %s", endings, root)
	}
	return files
}

// page returns the text of a page in docs/.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rows returns the cells of the table rows of a page, outer bars taken off, without headings and rulers.
func rows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| --") || strings.HasPrefix(line, "| |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

var number = regexp.MustCompile(`\b[EUQ]\d{1,3}\b`)

// numbers returns the numbers that comments and names of tests in a Go file cite, with the lines where they stand.
func numbers(text string) map[string]int {
	cited := map[string]int{}
	scan := bufio.NewScanner(strings.NewReader(text))
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		line := scan.Text()
		_, cites, _ := strings.Cut(line, "// ")
		if strings.HasPrefix(line, "func Test") {
			cites = strings.ReplaceAll(strings.TrimPrefix(line, "func Test"), "_", " ")
		}
		for _, m := range number.FindAllString(cites, -1) {
			cited[m] = n
		}
	}
	return cited
}

// Every number in Go code leads somewhere, and nearly every behaviour has a test that carries its number.
func TestEveryCitedNumberStandsInBehaviours(t *testing.T) {
	known := map[string]bool{}
	for _, cells := range rows(page(t, "behaviours.md")) {
		if len(cells) != 2 || len(cells[1]) < 20 {
			t.Errorf("behaviours.md: the row %q says nothing", cells)
		}
		if known[cells[0]] {
			t.Errorf("behaviours.md has %s twice", cells[0])
		}
		known[cells[0]] = true
	}
	tested := map[string]bool{}
	for name, text := range textFiles(t, ".go") {
		if strings.HasPrefix(name, "docs/") {
			continue
		}
		for number, line := range numbers(text) {
			if !known[number] {
				t.Errorf("%s:%d cites %s, which docs/behaviours.md lacks", name, line, number)
			}
			tested[number] = tested[number] || strings.HasSuffix(name, "_test.go")
		}
	}
	for number := range known {
		if number != "Q11" && !tested[number] { // sending descriptors is to come
			t.Errorf("no test names %s", number)
		}
	}
}

func TestNumbersAreFound(t *testing.T) {
	got := numbers("// Flush waits (E20, E16 to E19).\nx := \"U0011\" // as Q4 says\nfunc TestE13_E14_Hooks(t *testing.T) {\nE99 := 1\n")
	want := map[string]int{"E20": 1, "E16": 1, "E19": 1, "Q4": 2, "E13": 3, "E14": 3}
	if len(got) != len(want) {
		t.Errorf("found %v, want %v", got, want)
	}
	for number, line := range want {
		if got[number] != line {
			t.Errorf("%s found in line %d, want %d", number, got[number], line)
		}
	}
}

var pageName = regexp.MustCompile(`[\w./-]*[\w-]\.md\b`)

// Whoever is sent to a page finds it: pages are named from the root, from docs/, or from the place of the text.
func TestEveryCitedPageExists(t *testing.T) {
	for name, text := range textFiles(t, ".go", ".md", ".txtar", ".sh", ".mod") {
		for _, cited := range pageName.FindAllString(text, -1) {
			if !exists(path.Join(root, cited)) && !exists(path.Join(root, path.Dir(name), cited)) {
				t.Errorf("%s cites %s, which does not exist", name, cited)
			}
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// Every page is named by another text of the repository than itself, so that a reader comes across it.
func TestEveryPageIsCited(t *testing.T) {
	texts := textFiles(t, ".md")
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range pages {
		cited := false
		for name, text := range texts {
			cited = cited || name != "docs/"+page && strings.Contains(text, page)
		}
		if !cited {
			t.Errorf("no page and no README leads to docs/%s", page)
		}
	}
}

// Each module that go.mod names has its licence in the list, and the list has no others.
func TestEveryModuleHasItsLicenceListed(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, cells := range rows(page(t, "licences.md")) {
		if module := strings.Trim(cells[0], "`"); module != cells[0] {
			listed[module] = len(cells) == 3 && cells[1] != "" && cells[2] != ""
		}
	}
	required := regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/\S+) v\d`).FindAllStringSubmatch(string(mod), -1)
	if len(required) < 15 {
		t.Fatalf("only %d modules found in go.mod", len(required))
	}
	for _, m := range required {
		if !listed[m[1]] {
			t.Errorf("docs/licences.md has no whole row for %s", m[1])
		}
		delete(listed, m[1])
	}
	for module := range listed {
		t.Errorf("docs/licences.md lists %s, which go.mod does not have", module)
	}
}

var placeName = regexp.MustCompile("`((?:cmd|shell|completion|proto|\\.ci)/[\\w./-]*)`")

// The places that CONTRIBUTING.md sends a newcomer to exist.
func TestPlacesForNewThingsExist(t *testing.T) {
	places := placeName.FindAllStringSubmatch(page(t, "CONTRIBUTING.md"), -1)
	if len(places) < 5 {
		t.Fatalf("only %d places found", len(places))
	}
	for _, m := range places {
		if !exists(path.Join(root, m[1])) {
			t.Errorf("docs/CONTRIBUTING.md names %s, which does not exist", m[1])
		}
	}
}

// One switch writes all golden files anew, see qmptest.Update.
func TestThereIsOneSwitchForGoldenFiles(t *testing.T) {
	for name, text := range textFiles(t, ".go") {
		if strings.HasPrefix(name, "docs/") || name == "proto/qmp/qmptest/golden.go" {
			continue
		}
		if strings.Contains(text, `"QMPSH_UPDATE"`) || regexp.MustCompile(`flag\.\w+\(.*update`).MatchString(text) {
			t.Errorf("%s has a switch of its own for golden files: use qmptest.Update", name)
		}
	}
}
