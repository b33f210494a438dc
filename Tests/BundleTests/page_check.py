"""Whether every page of a folder is well nested and has only what pages of bundles have. Prints what is wrong; status 1 then."""

import html.parser
import pathlib
import re
import sys

VOID = {"meta", "br"}
# Which attributes each element may have.
ALLOWED = {
    "html": {"lang"}, "head": set(), "body": set(), "title": set(), "style": set(), "header": set(), "main": set(), "footer": set(),
    "meta": {"charset", "name", "content", "http-equiv"}, "section": {"id", "class", "aria-labelledby"}, "article": {"id"},
    "nav": {"id", "aria-label"}, "h1": set(), "h2": {"id"}, "h3": set(), "p": {"class", "lang"}, "a": {"href", "download"}, "bdi": set(),
    "br": set(), "code": {"class"}, "strong": {"class"}, "time": {"datetime", "title"}, "dl": set(), "div": set(), "dt": set(), "dd": set(),
    "table": {"class"}, "caption": set(), "thead": set(), "tbody": set(), "tr": set(), "th": {"scope", "data-label"}, "td": {"data-label"},
}
PARENTS = {"tr": {"thead", "tbody"}, "td": {"tr"}, "th": {"tr"}, "dt": {"div"}, "dd": {"div"}, "caption": {"table"}, "div": {"dl"}}
REFERENCE = re.compile(
    r"#[a-z0-9-]+|evidence/[0-9a-f]{64}|rules/[0-9a-f]{64}\.json|records/[0-9]{9}\.json|access\.jsonl|\.\./VERIFY\.md")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.targets = [], [], set(), set()

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if tag not in ALLOWED or not set(names) <= ALLOWED[tag] or len(set(names)) != len(names):
            self.wrong.append(f"<{tag} {names}> is not allowed")
        if tag in PARENTS and (not self.open or self.open[-1] not in PARENTS[tag]):
            self.wrong.append(f"<{tag}> stands in {self.open[-1:]}")
        values = dict(attributes)
        if tag == "th" and values.get("scope") not in ("col", "row"):
            self.wrong.append("a header has no scope")
        if "id" in values:
            if values["id"] in self.ids:
                self.wrong.append(f"the id {values['id']} is there twice")
            self.ids.add(values["id"])
        if "href" in values:
            if not REFERENCE.fullmatch(values["href"]):
                self.wrong.append(f"refers to {values['href']!r}")
            if values["href"].startswith("#"):
                self.targets.add(values["href"][1:])
        if "download" in values and (not values["download"] or re.search(r'[/\\:"<>]|^\.', values["download"])):
            self.wrong.append(f"offers a file as {values['download']!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.wrong.append(f"<{tag}/>")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> ends nothing")

    def handle_decl(self, declaration):
        if declaration != "DOCTYPE html":
            self.wrong.append(f"<!{declaration}>")

    def handle_comment(self, text):
        self.wrong.append("a comment")

    def handle_pi(self, text):
        self.wrong.append("an instruction")

    def unknown_decl(self, text):
        self.wrong.append("a declaration")


status = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.html")):
    text = path.read_bytes().decode("utf-8")
    page = Page()
    page.feed(text)
    page.close()
    if page.open:
        page.wrong.append(f"{page.open} do not end")
    if not page.targets <= page.ids:
        page.wrong.append(f"nothing is at {page.targets - page.ids}")
    if not text.startswith("<!DOCTYPE html>\n<html lang=\"vi\">") or text.count("<h1>") != 1:
        page.wrong.append("it does not begin as pages do, or has not just one first heading")
    for wrong in page.wrong[:5]:
        print(f"{path.name}: {wrong}")
        status = 1
sys.exit(status)
