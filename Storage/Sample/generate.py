#!/usr/bin/env python3
"""Writes the sample documents of MinhChung: invented people, invented offices, marked as samples on every page.

    python3 generate.py            writes documents/ and metadata.csv beside this file
    python3 generate.py --check    regenerates into a temporary folder, compares, and looks at every page

The output is deterministic: fixed dates, fixed random seeds. Needs Pango and cairo (through gi), Pillow, fontTools and
the font Liberation Serif from fonts-liberation2; see README.md.
"""
import argparse
import csv
import filecmp
import io
import os
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import cairo
import gi
from fontTools.ttLib import TTFont
from PIL import Image, ImageFilter

FONTS = Path("/usr/share/fonts/truetype/liberation2")


def unhinted_fonts(folder):
    """Copies the fonts without their hinting, which would be embedded in every PDF, and makes fontconfig use them only."""
    for style in ("Regular", "Bold", "Italic", "BoldItalic"):
        source = FONTS / f"LiberationSerif-{style}.ttf"
        if not source.exists():
            sys.exit(f"{source} is missing: install fonts-liberation2.")
        font = TTFont(source, recalcTimestamp=False)
        for table in ("fpgm", "prep", "cvt "):
            del font[table]
        for name in font.getGlyphOrder():
            font["glyf"][name].removeHinting()
        font.save(Path(folder) / source.name)
    config = Path(folder) / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>")
    os.environ["FONTCONFIG_FILE"] = str(config)


font_folder = tempfile.TemporaryDirectory()  # before Pango wakes fontconfig; removed when the program ends
unhinted_fonts(font_folder.name)
gi.require_version("Pango", "1.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import Pango, PangoCairo  # noqa: E402

MARK = "MẪU – TÀI LIỆU GIẢ LẬP, KHÔNG CÓ GIÁ TRỊ"
FAMILY = "Liberation Serif"
COLUMNS = ["file", "title", "kind", "issuer", "number", "notation", "subject", "issued", "valid-from", "valid-until",
           "holder", "language", "assurance"]

FARMER, WORKER, OFFICIAL = "Nguyễn Văn Mẫu", "Trần Thị Thí Dụ", "Lê Minh Họa"
COMMUNE, PROVINCE = "Suối Giả Định", "Tưởng Tượng"
PEOPLES_COMMITTEE = f"Ủy ban nhân dân xã {COMMUNE}"
ASSOCIATION = f"Hội Khuyến học xã {COMMUNE}"
LEARNING_CENTRE = f"Trung tâm học tập cộng đồng xã {COMMUNE}"
COLLEGE = "Trường Cao đẳng Giả Tưởng"
UNION = "Công đoàn cơ sở Công ty May Giả Tưởng"

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)
A4_LANDSCAPE = (A4[1], A4[0])
A6_LANDSCAPE = (148 * MM, 105 * MM)
BLACK, RED, GREY, BLUE = (0, 0, 0), (0.75, 0.05, 0.1), (0.35, 0.35, 0.35), (0.1, 0.15, 0.5)
ALIGN = {"left": Pango.Alignment.LEFT, "center": Pango.Alignment.CENTER, "right": Pango.Alignment.RIGHT}


# ---------------------------------------------------------------- drawing

def layout_for(context, markup, size, width=None, align="left", indent=0):
    layout = PangoCairo.create_layout(context)
    font = Pango.FontDescription(FAMILY)
    font.set_absolute_size(size * Pango.SCALE)
    layout.set_font_description(font)
    if width is not None:
        layout.set_width(int(width * Pango.SCALE))
    layout.set_wrap(Pango.WrapMode.WORD_CHAR)
    layout.set_indent(int(indent * Pango.SCALE))
    if align == "justify":
        layout.set_justify(True)
    else:
        layout.set_alignment(ALIGN[align])
    layout.set_markup(unicodedata.normalize("NFC", markup), -1)
    return layout


def text_at(context, markup, x, y, size, width=None, align="left", color=BLACK, as_path=False):
    """Draws text with its top at y; returns its height. As a path it is a drawing, not text of the page."""
    layout = layout_for(context, markup, size, width, align)
    context.set_source_rgb(*color)
    context.move_to(x, y)
    if as_path:
        PangoCairo.layout_path(context, layout)
        context.fill()
    else:
        PangoCairo.show_layout(context, layout)
    return layout.get_pixel_size()[1]


def rule(context, x1, x2, y, width=0.7, color=BLACK):
    context.set_source_rgb(*color)
    context.set_line_width(width)
    context.move_to(x1, y)
    context.line_to(x2, y)
    context.stroke()


def draw_seal(context, x, y, radius=40):
    """A red ring that says "sample": no emblem, no office."""
    context.save()
    context.translate(x, y)
    context.rotate(-0.12)
    context.set_source_rgba(0.8, 0.05, 0.1, 0.7)
    context.set_line_width(2.2)
    context.arc(0, 0, radius, 0, 6.2832)
    context.stroke()
    context.set_line_width(0.8)
    context.arc(0, 0, radius - 5, 0, 6.2832)
    context.stroke()
    for markup, size, top in (("<b>MẪU</b>", radius * 0.5, -radius * 0.42), ("<b>KHÔNG CÓ GIÁ TRỊ</b>", radius * 0.17, radius * 0.2)):
        layout = layout_for(context, markup, size, radius * 2, "center")
        context.move_to(-radius, top)
        PangoCairo.layout_path(context, layout)
        context.fill()
    context.restore()


def draw_signature(context, x, y, seed):
    random_ = random.Random(seed)
    context.set_source_rgb(*BLUE)
    context.set_line_width(1.1)
    context.move_to(x, y)
    for step in range(5):
        context.curve_to(x + step * 14 + random_.uniform(0, 10), y - random_.uniform(8, 26),
                         x + step * 14 + random_.uniform(4, 16), y + random_.uniform(4, 16),
                         x + (step + 1) * 14, y + random_.uniform(-8, 6))
    context.stroke()


class Pages:
    """A PDF that text flows into from top to bottom."""

    def __init__(self, path, title, author, date, size=A4, margins=(22, 18, 22, 30), frame=False):
        self.size, self.frame = size, frame
        top, right, bottom, left = (edge * MM for edge in margins)
        self.top, self.left, self.right, self.bottom = top, left, size[0] - right, size[1] - bottom
        self.width = self.right - self.left
        self.surface = cairo.PDFSurface(str(path), *size)
        for key, value in ((cairo.PDF_METADATA_TITLE, title), (cairo.PDF_METADATA_AUTHOR, author),
                           (cairo.PDF_METADATA_SUBJECT, MARK), (cairo.PDF_METADATA_KEYWORDS, "mẫu, giả lập"),
                           (cairo.PDF_METADATA_CREATOR, "MinhChung Storage/Sample/generate.py"),
                           (cairo.PDF_METADATA_CREATE_DATE, f"{date}T08:00:00+07:00"),
                           (cairo.PDF_METADATA_MOD_DATE, f"{date}T08:00:00+07:00")):
            self.surface.set_metadata(key, unicodedata.normalize("NFC", value))
        self.context = cairo.Context(self.surface)
        self.number = 0
        self.start_page()

    def start_page(self):
        if self.number:
            self.surface.show_page()
        self.number += 1
        self.y = self.top
        draw_page_marks(self.context, self.size, self.frame)
        if self.number > 1:
            text_at(self.context, str(self.number), 0, self.top - 22, 13, self.size[0], "center")

    def need(self, height):
        if self.y + height > self.bottom:
            self.start_page()

    def skip(self, height):
        self.y += height

    def para(self, markup, size=13.5, align="justify", indent=None, after=4, leading=1.28, color=BLACK):
        indent = (12.7 * MM if align == "justify" else 0) if indent is None else indent
        layout = layout_for(self.context, markup, size, self.width, align, indent)
        lines = layout.get_iter()
        while True:
            self.need(size * leading)
            line = lines.get_line_readonly()
            _, logical = lines.get_line_extents()
            self.context.set_source_rgb(*color)
            self.context.move_to(self.left + logical.x / Pango.SCALE, self.y + size)
            PangoCairo.show_layout_line(self.context, line)
            self.y += size * leading
            if not lines.next_line():
                break
        self.y += after

    def heading(self, markup, size=13.5):
        self.need(size * 4)
        self.para(f"<b>{markup}</b>", size, "left", 12.7 * MM)

    def national_head(self, office_lines, number_line, place_date, left_share=0.4):
        """Cơ quan, số on the left; quốc hiệu, tiêu ngữ, địa danh and ngày on the right."""
        context, split = self.context, self.width * left_share
        x2, width2 = self.left + split, self.width - split
        y = self.y
        for index, line in enumerate(office_lines):
            last = index == len(office_lines) - 1
            y += text_at(context, f"<b>{line}</b>" if last else line, self.left, y, 12.5, split, "center")
        rule(context, self.left + split * 0.33, self.left + split * 0.67, y + 4)
        y2 = self.y
        y2 += text_at(context, "<b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b>", x2, y2, 12, width2, "center")
        y2 += text_at(context, "<b>Độc lập – Tự do – Hạnh phúc</b>", x2, y2, 13, width2, "center")
        rule(context, x2 + width2 / 2 - 82, x2 + width2 / 2 + 82, y2 + 4)
        y = max(y, y2) + 12
        if number_line:
            text_at(context, number_line, self.left, y, 13, split, "center")
        if place_date:
            text_at(context, f"<i>{place_date}</i>", x2, y, 13, width2, "center")
        self.y = y + 28

    def title(self, kind, subject=None, size=15):
        self.para(f"<b>{kind}</b>", size, "center", after=0)
        if subject:
            self.para(f"<b>{subject}</b>", 13.5, "center", after=2)
            rule(self.context, self.left + self.width * 0.38, self.left + self.width * 0.62, self.y + 2)
        self.y += 12

    def signatures(self, blocks, left_note=None):
        """Blocks of (capacity, name or None, sealed) side by side; left_note is the list of recipients."""
        columns = len(blocks) + (1 if left_note else 0)
        width = self.width / columns
        self.need(140)
        y, x = self.y + 6, self.left
        if left_note:
            text_at(self.context, left_note, x, y, 11, width)
            x += width
        for seed, (capacity, name, sealed) in enumerate(blocks):
            height = text_at(self.context, f"<b>{capacity}</b>", x, y, 13, width, "center")
            if name:
                draw_signature(self.context, x + width / 2 - 30, y + height + 36, f"{capacity}{name}{seed}")
                if sealed:
                    draw_seal(self.context, x + width / 2 - 34, y + height + 36, 34)
                text_at(self.context, f"<b>{name}</b>", x, y + height + 74, 13, width, "center")
            x += width
        self.y = y + 133

    def table(self, header, rows, shares, aligns, size=12):
        total = sum(shares)
        widths = [self.width * share / total for share in shares]

        def draw(cells, bold):
            layouts = [layout_for(self.context, f"<b>{cell}</b>" if bold else cell, size, width - 6,
                                  "center" if bold else align)
                       for cell, width, align in zip(cells, widths, aligns)]
            height = max(layout.get_pixel_size()[1] for layout in layouts) + 6
            if self.y + height > self.bottom:
                self.start_page()
                if not bold:
                    draw(header, True)
            x = self.left
            self.context.set_source_rgb(*BLACK)
            self.context.set_line_width(0.6)
            for layout, width in zip(layouts, widths):
                self.context.rectangle(x, self.y, width, height)
                self.context.stroke()
                self.context.move_to(x + 3, self.y + (height - layout.get_pixel_size()[1]) / 2)
                PangoCairo.show_layout(self.context, layout)
                x += width
            self.y += height

        draw(header, True)
        for row in rows:
            draw(row, False)
        self.y += 8

    def finish(self):
        self.surface.finish()


def draw_page_marks(context, size, frame=False):
    """The mark at top and bottom as text, and across the page as a drawing."""
    width, height = size
    context.save()
    context.translate(width / 2, height / 2)
    context.rotate(-0.9 if height > width else -0.5)
    big = min(width, height) / 7.5
    layout = layout_for(context, "<b>TÀI LIỆU MẪU</b>", big)
    text_width, text_height = layout.get_pixel_size()
    context.move_to(-text_width / 2, -text_height / 2)
    context.set_source_rgb(0.97, 0.92, 0.92)
    PangoCairo.layout_path(context, layout)
    context.fill()
    context.restore()
    if frame:
        inset = min(width, height) * 0.055
        for extra, line, color in ((0, 2.4, (0.65, 0.45, 0.1)), (5, 0.8, (0.65, 0.45, 0.1))):
            context.set_source_rgb(*color)
            context.set_line_width(line)
            context.rectangle(inset + extra, inset + extra, width - 2 * (inset + extra), height - 2 * (inset + extra))
            context.stroke()
    small = 9 if min(width, height) > 400 else 7
    edge = 14 if min(width, height) > 400 else 4
    text_at(context, f"<b>{MARK}</b>", 0, edge, small, width, "center", RED)
    text_at(context, f"<b>{MARK}</b>", 0, height - edge - small * 1.3, small, width, "center", RED)


# ---------------------------------------------------------------- the collection

class Collection:
    def __init__(self, root):
        self.root, self.rows = Path(root), []
        (self.root / "documents").mkdir(parents=True, exist_ok=True)

    def path(self, name, title, kind, issuer, issued, holder="", assurance="citizen-copy", number="", notation="",
             subject="", valid_from="", valid_until=""):
        name = unicodedata.normalize("NFC", name)
        self.rows.append({"file": f"documents/{name}", "title": title, "kind": kind, "issuer": issuer,
                          "number": number, "notation": notation, "subject": subject, "issued": issued,
                          "valid-from": valid_from, "valid-until": valid_until, "holder": holder, "language": "vi",
                          "assurance": assurance})
        return self.root / "documents" / name

    def pages(self, name, title, kind, issuer, issued, size=A4, margins=(22, 18, 22, 30), frame=False, **rest):
        path = self.path(name, title, kind, issuer, issued, **rest)
        return Pages(path, title, issuer, issued, size, margins, frame)

    def write_csv(self):
        with open(self.root / "metadata.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row in self.rows:
                writer.writerow({key: unicodedata.normalize("NFC", value) for key, value in row.items()})


def place_date(date):
    year, month, day = date.split("-")
    if month in ("01", "02"):
        return f"{COMMUNE}, ngày {day} tháng {month} năm {year}"
    return f"{COMMUNE}, ngày {day} tháng {int(month)} năm {year}"


def short_date(date):
    return "/".join(reversed(date.split("-")))


# ---------------------------------------------------------------- certificates and cards

def certificate_body(context, size, issuer, heading, holder, lines, number_line, date, capacity, signer):
    """One landscape page: giấy chứng nhận, chứng chỉ, giấy khen."""
    width = size[0]
    left, right = 26 * MM, width - 26 * MM
    inner = right - left
    y = 21 * MM
    office = issuer.upper().replace(" XÃ ", "\nXÃ ")
    text_at(context, f"<b>{office}</b>", left, y, 12.5, inner * 0.42, "center")
    text_at(context, "<b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b>", left + inner * 0.46, y, 13, inner * 0.54, "center")
    text_at(context, "<b>Độc lập – Tự do – Hạnh phúc</b>", left + inner * 0.46, y + 17, 13.5, inner * 0.54, "center")
    middle = left + inner * 0.73
    rule(context, middle - 85, middle + 85, y + 37)
    y += 62
    y += text_at(context, f"<b>{heading}</b>", left, y, 30, inner, "center", RED) + 12
    for index, line in enumerate(lines):
        y += text_at(context, line, left + inner * 0.06, y, 15, inner * 0.88, "center") + (12 if index == 0 else 5)
        if index == 0:
            y += text_at(context, f"<b>{holder}</b>", left, y - 6, 24, inner, "center", BLUE) + 2
    y = size[1] - 66 * MM
    text_at(context, number_line, left + 8, size[1] - 26 * MM, 12, inner * 0.45)
    x, block = left + inner * 0.55, inner * 0.45
    y += text_at(context, f"<i>{place_date(date)}</i>", x, y, 13, block, "center") + 4
    y += text_at(context, f"<b>{capacity}</b>", x, y, 13, block, "center")
    draw_signature(context, x + block / 2 - 30, y + 38, signer)
    draw_seal(context, x + block / 2 - 38, y + 38, 34)
    text_at(context, f"<b>{signer}</b>", x, y + 74, 13.5, block, "center")


def certificate(collection, name, title, issuer, heading, holder, lines, number, notation, date, capacity, signer,
                label="Số hiệu", **rest):
    pages = collection.pages(name, title, "certificate", issuer, date, A4_LANDSCAPE, frame=True, holder=holder,
                             number=number, notation=notation, **rest)
    certificate_body(pages.context, A4_LANDSCAPE, issuer, heading, holder, lines, f"{label}: {number}/{notation}",
                     date, capacity, signer)
    pages.finish()


def write_certificates(collection):
    certificate(
        collection, f"Giấy chứng nhận lớp khuyến nông - {FARMER}.pdf",
        "Giấy chứng nhận hoàn thành lớp kỹ thuật trồng rau an toàn", LEARNING_CENTRE, "GIẤY CHỨNG NHẬN", FARMER,
        ["Chứng nhận ông", "Thôn Thử Nghiệm – Nhóm đối tượng: nông dân",
         "đã hoàn thành lớp khuyến nông “Kỹ thuật trồng rau an toàn và ghi nhật ký đồng ruộng”",
         "Thời gian: từ ngày 03/3/2025 đến ngày 28/3/2025 (40 tiết)", "Kết quả: Khá"],
        "017", "GCN-HTCĐ", "2025-03-31", "GIÁM ĐỐC", "Hoàng Văn Giả Sử", assurance="original-seen",
        subject="Hoàn thành lớp khuyến nông “Kỹ thuật trồng rau an toàn và ghi nhật ký đồng ruộng”")
    certificate(
        collection, f"Giấy chứng nhận kỹ năng số cơ bản - {FARMER}.pdf",
        "Giấy chứng nhận kỹ năng số cơ bản", LEARNING_CENTRE, "GIẤY CHỨNG NHẬN", FARMER,
        ["Chứng nhận ông", "Thôn Thử Nghiệm – Nhóm đối tượng: nông dân",
         "đã hoàn thành khóa học “Kỹ năng số cơ bản cho người dân”",
         "Nội dung: dùng điện thoại thông minh, dịch vụ công trực tuyến, an toàn trên mạng",
         "Thời lượng: 20 tiết – Kết quả: Đạt"],
        "102", "GCN-KNS", "2025-06-20", "GIÁM ĐỐC", "Hoàng Văn Giả Sử", valid_from="2025-06-20",
        subject="Hoàn thành khóa học “Kỹ năng số cơ bản cho người dân”")
    certificate(
        collection, f"Chứng chỉ tin học cơ bản - {WORKER}.pdf", "Chứng chỉ tin học cơ bản", COLLEGE,
        "CHỨNG CHỈ", WORKER,
        ["Cấp cho bà", "Ngày sinh: không ghi (tài liệu giả lập)", "đã đạt kỳ kiểm tra <b>Tin học cơ bản</b>",
         "Hội đồng kiểm tra: Trường Cao đẳng Giả Tưởng – Khóa ngày 18/5/2025",
         "Lý thuyết: 8,5 – Thực hành: 9,0 – Xếp loại: Giỏi"],
        "000245", "CC-THCB", "2025-05-30", "HIỆU TRƯỞNG", "Vũ Thị Tưởng Tượng", assurance="original-seen",
        subject="Tin học cơ bản")
    certificate(
        collection, f"Giấy chứng nhận tiếng Anh giao tiếp - {WORKER}.pdf",
        "Giấy chứng nhận lớp tiếng Anh giao tiếp trong xưởng may", COLLEGE, "GIẤY CHỨNG NHẬN", WORKER,
        ["Chứng nhận bà", "Công nhân Công ty May Giả Tưởng",
         "đã hoàn thành lớp buổi tối “Tiếng Anh giao tiếp trong xưởng may”",
         "Thời gian: từ ngày 07/7/2025 đến ngày 26/9/2025 (36 buổi)", "Kết quả: Trung bình khá"],
        "058", "GCN-NN", "2025-09-30", "HIỆU TRƯỞNG", "Vũ Thị Tưởng Tượng",
        subject="Lớp tiếng Anh giao tiếp trong xưởng may")
    certificate(
        collection, f"Chứng chỉ ngoại ngữ - {OFFICIAL}.pdf", "Chứng chỉ tiếng Anh bậc 3 (giả lập)", COLLEGE,
        "CHỨNG CHỈ NGOẠI NGỮ", OFFICIAL,
        ["Cấp cho ông", "Ngày sinh: không ghi (tài liệu giả lập)",
         "Ngôn ngữ: <b>Tiếng Anh</b> – Trình độ: <b>Bậc 3</b>",
         "Nghe 6,5 – Nói 7,0 – Đọc 7,5 – Viết 6,5",
         "Có giá trị từ ngày 15/4/2025 đến ngày 14/4/2027"],
        "000031", "CC-NN", "2025-04-15", "HIỆU TRƯỞNG", "Vũ Thị Tưởng Tượng", valid_from="2025-04-15",
        valid_until="2027-04-14", assurance="verified-at-source", subject="Tiếng Anh bậc 3")
    certificate(
        collection, f"Chứng nhận kỹ năng số nâng cao - {OFFICIAL}.pdf",
        "Giấy chứng nhận bồi dưỡng kỹ năng số cho cán bộ, công chức", COLLEGE, "GIẤY CHỨNG NHẬN", OFFICIAL,
        ["Chứng nhận ông", f"Công chức Ủy ban nhân dân xã {COMMUNE}",
         "đã hoàn thành khóa bồi dưỡng “Kỹ năng số và xử lý hồ sơ điện tử”",
         "Thời gian: từ ngày 11/8/2025 đến ngày 22/8/2025", "Xếp loại: Xuất sắc"],
        "019", "GCN-BD", "2025-08-25", "HIỆU TRƯỞNG", "Vũ Thị Tưởng Tượng", assurance="born-digital-signed",
        subject="Bồi dưỡng kỹ năng số và xử lý hồ sơ điện tử")
    certificate(
        collection, f"Giấy khen - {OFFICIAL}.pdf", "Giấy khen có thành tích trong phong trào học tập năm 2025",
        PEOPLES_COMMITTEE, "GIẤY KHEN", OFFICIAL,
        [f"Chủ tịch Ủy ban nhân dân xã {COMMUNE} tặng ông", f"Công chức Phòng Văn hóa – Xã hội xã {COMMUNE}",
         "Đã có thành tích giúp bà con các thôn học dùng dịch vụ công trực tuyến năm 2025",
         "(Theo Quyết định số 098/QĐ-UBND, giả lập)"],
        "098", "QĐ-UBND", "2025-10-10", "CHỦ TỊCH", "Phan Văn Giả Như", label="Số quyết định",
        assurance="original-seen", subject="Tặng giấy khen về phong trào học tập năm 2025")


def write_library_card(collection):
    title = "Thẻ bạn đọc thư viện xã"
    pages = collection.pages(f"Thẻ thư viện xã - {FARMER}.pdf", title, "other",
                             f"Thư viện xã {COMMUNE}", "2025-01-06", A6_LANDSCAPE, frame=True, holder=FARMER,
                             number="0042", notation="TV", valid_from="2025-01-06", valid_until="2025-12-31",
                             subject="Thẻ bạn đọc năm 2025")
    context, (width, height) = pages.context, A6_LANDSCAPE
    context.set_source_rgb(0.1, 0.35, 0.3)
    context.rectangle(24, 28, width - 48, 52)
    context.fill()
    text_at(context, f"{PEOPLES_COMMITTEE.upper()}", 24, 33, 9.5, width - 48, "center", (1, 1, 1))
    text_at(context, f"<b>THƯ VIỆN XÃ {COMMUNE.upper()}</b>", 24, 46, 13, width - 48, "center", (1, 1, 1))
    text_at(context, "THẺ BẠN ĐỌC", 24, 63, 10.5, width - 48, "center", (1, 1, 1))
    context.set_source_rgb(0.85, 0.87, 0.88)
    context.rectangle(36, 94, 76, 100)
    context.fill()
    context.set_source_rgb(0.6, 0.64, 0.66)
    context.arc(74, 130, 17, 0, 6.2832)
    context.fill()
    context.arc(74, 190, 32, 3.1416, 6.2832)
    context.fill()
    text_at(context, "ảnh giả lập", 36, 180, 8, 76, "center", GREY)
    y = 96
    for label, value in (("Họ và tên", f"<b>{FARMER}</b>"), ("Địa chỉ", f"Thôn Thử Nghiệm, xã {COMMUNE}"),
                         ("Số thẻ", "0042/TV"), ("Ngày cấp", "06/01/2025"), ("Có giá trị đến", "31/12/2025")):
        text_at(context, f"{label}:", 126, y, 11.5)
        text_at(context, value, 208, y, 11.5, width - 208 - 32)
        y += 19
    text_at(context, "<b>NGƯỜI PHỤ TRÁCH</b>", 210, 196, 10, 170, "center")
    draw_signature(context, 268, 226, "card")
    draw_seal(context, 256, 226, 22)
    text_at(context, "<b>Bùi Thị Mô Phỏng</b>", 210, 244, 10.5, 170, "center")
    text_at(context, "Lượt mượn năm 2025: 27 cuốn\n(sổ mượn trang 14)", 36, 214, 10, 170)
    pages.finish()


# ---------------------------------------------------------------- plans and confirmations

def plan(collection, name, holder, group, unit, rows, date, confirmer, confirmed_on=None, **rest):
    title = f"Kế hoạch học tập cá nhân năm 2025 của {holder}"
    pages = collection.pages(name, title, "work-sample", holder, date, holder=holder,
                             subject="Kế hoạch học tập cá nhân năm 2025" + ("" if confirmed_on else " (chưa có xác nhận)"),
                             valid_from="2025-01-01", valid_until="2025-12-31", **rest)
    office = [unit.upper()] if unit.startswith("Công ty") else [f"XÃ {COMMUNE.upper()}", unit.upper()]
    pages.national_head(office, "", place_date(date))
    pages.title("KẾ HOẠCH HỌC TẬP CÁ NHÂN", "Năm 2025")
    pages.para(f"Họ và tên: <b>{holder}</b>", align="left")
    pages.para(f"Nhóm đối tượng: {group}", align="left")
    pages.para(f"Nơi sinh hoạt, công tác: {unit}, xã {COMMUNE}, tỉnh {PROVINCE}", align="left", after=8)
    pages.heading("1. Việc sẽ học trong năm")
    pages.table(["TT", "Nội dung", "Cách học", "Thời gian", "Kết quả mong muốn"], rows, [0.6, 3.2, 2.6, 1.7, 2.6],
                ["center", "left", "left", "center", "left"])
    pages.heading("2. Cách sắp xếp thời gian")
    pages.para("Mỗi ngày dành ít nhất ba mươi phút buổi tối để đọc hoặc học trên điện thoại; tối thứ Bảy đến sinh hoạt "
               "ở nhà văn hóa. Khi công việc bận thì học bù vào Chủ nhật và ghi lại vào sổ.")
    pages.heading("3. Giúp người nhà và người xung quanh cùng học")
    pages.para("Cùng con đọc sách hai tối mỗi tuần; chỉ cho ít nhất ba người quen cách tra cứu thông tin và nộp hồ sơ "
               "trực tuyến; cuối mỗi quý tự xem lại kế hoạch và sửa cho phù hợp.", after=10)
    if confirmed_on:
        remark = "kế hoạch đã được đăng ký" if confirmed_on < "2025-07" else "kế hoạch đúng và đã được thực hiện"
        note = f"{confirmer[0]}\n<i>Xác nhận ngày {short_date(confirmed_on)}:\n{remark}</i>"
        blocks = [(note, confirmer[1], True), ("NGƯỜI LẬP KẾ HOẠCH", holder, False)]
    else:
        blocks = [(f"{confirmer[0]}\n<i>(ký, ghi rõ họ tên, đóng dấu)</i>", None, False),
                  ("NGƯỜI LẬP KẾ HOẠCH", holder, False)]
    pages.signatures(blocks)
    pages.finish()


def write_plans(collection):
    plan(collection, f"Kế hoạch học tập cá nhân 2025 - {FARMER}.pdf", FARMER, "nông dân", "Thôn Thử Nghiệm",
         [["1", "Kỹ thuật trồng rau an toàn", "Lớp khuyến nông của xã", "Tháng 3", "Áp dụng trên 500 m² vườn nhà"],
          ["2", "Kỹ năng số cơ bản", "Lớp ở nhà văn hóa, tự thực hành", "Tháng 5–6", "Tự nộp được hồ sơ trực tuyến"],
          ["3", "Tiếng Anh: tên các loại rau, đơn vị đo", "Ứng dụng trên điện thoại", "Cả năm", "Nhớ 200 từ"],
          ["4", "Đọc sách ở thư viện xã", "Mượn mỗi tháng hai cuốn", "Cả năm", "24 cuốn"]],
         "2025-01-10", ("TRƯỞNG THÔN", "Đặng Văn Giả Thiết"), "2025-01-15", assurance="original-seen")
    plan(collection, f"Kế hoạch học tập cá nhân 2025 - {WORKER}.pdf", WORKER, "công nhân", "Công ty May Giả Tưởng",
         [["1", "Tin học cơ bản", "Lớp buổi tối", "Tháng 3–5", "Có chứng chỉ"],
          ["2", "Tiếng Anh giao tiếp", "Lớp buổi tối 36 buổi", "Tháng 7–9", "Đọc được nhãn, phiếu kỹ thuật"],
          ["3", "Cải tiến chỗ làm việc", "Tự tìm hiểu, hỏi tổ kỹ thuật", "Tháng 4–8", "Một sáng kiến cấp xưởng"],
          ["4", "Đọc sách", "Tủ sách công đoàn", "Cả năm", "Mỗi tháng một cuốn"]],
         "2025-01-12", ("CHỦ TỊCH CÔNG ĐOÀN CƠ SỞ", "Ngô Thị Phác Thảo"), "2025-01-17")
    rows = [["1", "Xử lý hồ sơ điện tử", "Khóa bồi dưỡng", "Tháng 8", "Giấy chứng nhận"],
            ["2", "Tiếng Anh bậc 3", "Ôn thi buổi tối", "Quý I", "Chứng chỉ"],
            ["3", "Đọc tài liệu về chuyển đổi số cấp xã", "Tự đọc, ghi nhật ký", "Cả năm", "12 bài ghi chép"],
            ["4", "Phản biện dự thảo văn bản của xã", "Góp ý bằng văn bản", "Hằng quý", "4 bản góp ý"]]
    confirmer = ("TRƯỞNG PHÒNG\nVĂN HÓA – XÃ HỘI", "Dương Văn Khuôn Mẫu")
    plan(collection, f"Kế hoạch học tập cá nhân 2025 - {OFFICIAL} (chưa xác nhận).pdf", OFFICIAL, "trí thức (công chức)",
         "Phòng Văn hóa – Xã hội", rows, "2025-01-20", confirmer)
    plan(collection, f"Kế hoạch học tập cá nhân 2025 - {OFFICIAL} (có xác nhận).pdf", OFFICIAL, "trí thức (công chức)",
         "Phòng Văn hóa – Xã hội", rows, "2025-01-20", confirmer, "2025-11-12", assurance="original-seen")


def write_confirmations(collection):
    date = "2025-10-25"
    pages = collection.pages(
        f"Giấy xác nhận của thôn - {FARMER}.pdf", "Giấy xác nhận tham gia học tập và sinh hoạt cộng đồng",
        "confirmation", "Thôn Thử Nghiệm", date, holder=FARMER, number="06", notation="XN-TTN",
        subject="Xác nhận tham gia học tập và sinh hoạt cộng đồng năm 2025", assurance="original-seen")
    pages.national_head([f"XÃ {COMMUNE.upper()}", "THÔN THỬ NGHIỆM"], "Số: 06/XN-TTN", place_date(date))
    pages.title("GIẤY XÁC NHẬN", "Về việc tham gia học tập và sinh hoạt cộng đồng năm 2025")
    for text in (
            f"Ban công tác thôn Thử Nghiệm xác nhận ông <b>{FARMER}</b>, người dân trong thôn, thuộc nhóm nông dân, "
            "trong năm 2025 đã thực hiện các việc sau:",
            "1. Dự 11 trên 12 buổi sinh hoạt của câu lạc bộ học tập cộng đồng tại nhà văn hóa thôn.",
            "2. Động viên ba người thân theo học: hai con học phổ thông đều đặn, em gái học lớp kỹ năng số.",
            "3. Đứng ra hòa giải một việc tranh chấp lối đi giữa hai hộ, được cả hai bên đồng ý bằng biên bản của tổ hòa giải.",
            "4. Hướng dẫn bảy hộ cùng xóm ghi nhật ký đồng ruộng, cho mượn dụng cụ và giống rau.",
            "5. Gia đình sống chan hòa với hàng xóm, giữ gìn vệ sinh đường thôn, không để xảy ra mâu thuẫn.",
            "Giấy này được lập để ông bổ sung vào hồ sơ minh chứng đề nghị danh hiệu “Công dân học tập” năm 2025."):
        pages.para(text)
    pages.skip(10)
    pages.signatures([("CHI HỘI TRƯỞNG\nCHI HỘI KHUYẾN HỌC", "Đinh Thị Hình Dung", False),
                      ("TRƯỞNG THÔN", "Đặng Văn Giả Thiết", True)])
    pages.finish()

    date = "2025-10-28"
    pages = collection.pages(
        f"Giấy xác nhận của công đoàn - {WORKER}.pdf", "Giấy xác nhận của công đoàn cơ sở", "confirmation", UNION,
        date, holder=WORKER, number="21", notation="XN-CĐCS", assurance="born-digital-signed",
        subject="Xác nhận tinh thần hợp tác, chia sẻ và giúp đồng nghiệp học tập")
    pages.national_head(["CÔNG TY MAY GIẢ TƯỞNG", "CÔNG ĐOÀN CƠ SỞ"], "Số: 21/XN-CĐCS", place_date(date))
    pages.title("GIẤY XÁC NHẬN", "Về tinh thần hợp tác, chia sẻ và giúp đồng nghiệp học tập")
    for text in (
            f"Ban Chấp hành Công đoàn cơ sở Công ty May Giả Tưởng xác nhận chị <b>{WORKER}</b>, công nhân chuyền may số 3:",
            "– Kèm nghề cho bốn công nhân mới trong sáu tháng đầu năm; cả bốn người đều đạt bậc tay nghề theo yêu cầu.",
            "– Giữ tủ sách của công đoàn, tổ chức chín buổi đọc sách vào giờ nghỉ trưa tại xưởng.",
            "– Khi trong chuyền có bất đồng về chia ca, đã chủ động trao đổi để các bên thống nhất lịch làm việc.",
            "– Tham gia đủ các đợt quyên góp sách vở cho con công nhân.",
            "Riêng việc phát biểu, góp ý, tranh luận trong các cuộc họp chuyên môn thì chị còn ít tham gia; công đoàn chưa "
            "có tư liệu nào để xác nhận nội dung này.",
            "Nội dung xác nhận trên là đúng theo sổ theo dõi của công đoàn."):
        pages.para(text)
    pages.skip(10)
    pages.signatures([("TM. BAN CHẤP HÀNH\nCHỦ TỊCH", "Ngô Thị Phác Thảo", True)],
                     "<b><i>Nơi nhận:</i></b>\n– Chị Trần Thị Thí Dụ;\n– Lưu: VP công đoàn.")
    pages.finish()


# ---------------------------------------------------------------- initiative, report

def write_initiative(collection):
    date = "2025-08-29"
    pages = collection.pages(
        f"Sáng kiến khay chỉ xoay - {WORKER}.pdf", "Bản mô tả sáng kiến “Khay chỉ xoay cho chuyền may”",
        "work-sample", "Công ty May Giả Tưởng", date, holder=WORKER, number="09", notation="SK-MGT",
        subject="Sáng kiến khay chỉ xoay cho chuyền may")
    pages.national_head(["CÔNG TY MAY GIẢ TƯỞNG", "HỘI ĐỒNG SÁNG KIẾN"], "Số: 09/SK-MGT", place_date(date))
    pages.title("BẢN MÔ TẢ SÁNG KIẾN", "Khay chỉ xoay cho chuyền may")
    pages.para(f"Tác giả: <b>{WORKER}</b>, công nhân chuyền may số 3.", align="left")
    pages.para("Nơi áp dụng thử: chuyền may số 3, từ ngày 02/6/2025 đến ngày 15/8/2025.", align="left", after=8)
    pages.heading("1. Tình trạng trước khi có sáng kiến")
    pages.para("Mỗi lần đổi màu chỉ, công nhân phải đứng dậy đi đến giá chỉ đặt ở cuối chuyền. Đếm trong năm ngày làm việc, "
               "mỗi người đi trung bình 14 lượt một ca, mỗi lượt mất khoảng 50 giây, lại dễ lấy nhầm cuộn có màu gần giống.")
    pages.heading("2. Nội dung cải tiến")
    pages.para("Dùng một khay tròn bằng gỗ ép đường kính 32 cm, đặt trên vòng bi cũ, gắn ngay cạnh bàn máy. Khay có mười hai "
               "cọc, mỗi cọc dán nhãn màu và mã chỉ. Người may xoay khay để lấy cuộn cần dùng mà không rời chỗ ngồi. Vật liệu "
               "đều tận dụng từ kho phế liệu của xưởng.")
    pages.heading("3. Cách tính hiệu quả")
    pages.para("Thời gian tiết kiệm của một người trong một ca được tính bằng số lượt đổi chỉ nhân với phần thời gian giảm được "
               "của mỗi lượt:")
    pages.table(["Chỉ tiêu", "Trước", "Sau", "Chênh lệch"],
                [["Số lượt đổi chỉ trong một ca", "14", "14", "0"],
                 ["Thời gian mỗi lượt (giây)", "50", "12", "– 38"],
                 ["Tổng thời gian đổi chỉ (giây)", "700", "168", "– 532"],
                 ["Số lần lấy nhầm màu trong một tuần", "6", "1", "– 5"]],
                [4, 1.4, 1.4, 1.6], ["left", "center", "center", "center"], 12.5)
    pages.para("Như vậy mỗi người bớt được gần chín phút một ca. Với hai mươi bốn máy của chuyền, một ca bớt được khoảng 213 phút.")
    pages.heading("4. Khả năng nhân rộng")
    pages.para("Khay làm trong một buổi, chi phí vòng bi và keo dán khoảng 35.000 đồng một chiếc. Đã làm thêm sáu chiếc cho "
               "chuyền số 5. Bản vẽ tay và cách làm được dán ở bảng tin của xưởng để ai cần thì làm theo.")
    pages.heading("5. Điều còn phải xem xét")
    pages.para("Khay chưa dùng được với cuộn chỉ lớn 5.000 m. Vòng bi cũ sau hai tháng bị rơ, cần thay hoặc tra dầu. Đề nghị tổ "
               "kỹ thuật xem giúp cách cố định trục.")
    pages.heading("6. Ý kiến của Hội đồng sáng kiến")
    pages.para("Hội đồng họp ngày 27/8/2025, có 5 trên 5 thành viên dự, thống nhất công nhận là sáng kiến cấp xưởng và cho áp dụng "
               "ở các chuyền có nhu cầu.", after=10)
    pages.signatures([("TÁC GIẢ", WORKER, False), ("TM. HỘI ĐỒNG\nCHỦ TỊCH", "Hồ Văn Bản Nháp", True)])
    pages.finish()


READING = [[str(index), *row] for index, row in enumerate((
    ("Bước đầu số hóa sổ sách ở xã", "Chuyển đổi số", "1", "Lập danh mục sổ của phòng"),
    ("Đặt tên tệp cho dễ tìm", "Lưu trữ", "2", "Chưa làm thử"),
    ("Hỏi dân thế nào cho rõ", "Chuyển đổi số", "3", "Phiếu hỏi ba câu"),
    ("Vẽ biểu đồ đúng mực", "Trình bày số liệu", "3", "Biểu đồ hồ sơ quý I"),
    ("Dịch vụ công nhìn từ người dùng", "Chuyển đổi số", "4", "Viết lại tờ hướng dẫn"),
    ("Thư mục chung và quyền truy cập", "Lưu trữ", "5", "Sắp lại thư mục của phòng"),
    ("Mật khẩu và thói quen an toàn", "Chuyển đổi số", "5", "Buổi hướng dẫn ở thôn Minh Họa"),
    ("Bảng tính cho người bận rộn", "Chuyển đổi số", "6", "Sổ theo dõi hồ sơ"),
    ("Đi từng nhà, chỉ từng người", "Chuyển đổi số", "7", "Chưa làm thử"),
    ("Số trung bình và cái bẫy của nó", "Trình bày số liệu", "8", "Sửa cách tính tỷ lệ đúng hạn"),
    ("Bản gốc, bản sao, bản quét", "Lưu trữ", "8", "Ghi rõ “bản sao” trên tệp quét"),
    ("Họp ngắn, việc rõ", "Chuyển đổi số", "9", "Biên bản một trang"),
    ("Người lớn tuổi và điện thoại", "Chuyển đổi số", "9", "Cỡ chữ lớn trong tờ hướng dẫn"),
    ("Khi nào chưa nên bỏ giấy", "Chuyển đổi số", "10", "Rút lại đề nghị bỏ giấy hẹn")), 1)]


def write_report(collection):
    date = "2025-10-31"
    pages = collection.pages(
        f"Báo cáo tự học và áp dụng kỹ năng số năm 2025 - {OFFICIAL}.pdf",
        "Báo cáo kết quả tự học và áp dụng kỹ năng số năm 2025", "report", "Phòng Văn hóa – Xã hội", date,
        holder=OFFICIAL, number="45", notation="BC-VHXH", assurance="born-digital-signed",
        subject="Kết quả tự học và áp dụng kỹ năng số năm 2025")
    pages.national_head([f"UBND XÃ {COMMUNE.upper()}", "PHÒNG VĂN HÓA – XÃ HỘI"], "Số: 45/BC-VHXH", place_date(date), 0.42)
    pages.title("BÁO CÁO", "Kết quả tự học và áp dụng kỹ năng số năm 2025")
    pages.para(f"Người báo cáo: <b>{OFFICIAL}</b>, công chức Phòng Văn hóa – Xã hội. Báo cáo nêu những việc đã học, đã làm và "
               "những điều chưa làm được trong mười tháng đầu năm 2025, kèm số liệu để người đọc kiểm tra lại.")
    pages.heading("I. VIỆC TỰ HỌC")
    pages.para("<b>1. Đọc và tra cứu.</b> Từ đầu năm đến nay đã đọc và tóm tắt mười bốn tài liệu, trong đó chín tài liệu về chuyển "
               "đổi số ở cơ sở, ba tài liệu về lưu trữ và hai cuốn sách về cách trình bày số liệu. Mỗi tài liệu có một trang ghi "
               "chép gồm: ý chính, điều chưa rõ, việc có thể làm thử ở xã. Nguồn được ghi đủ tên, ngày và nơi công bố để tra lại.")
    pages.para("<b>2. Học theo lớp.</b> Dự một khóa bồi dưỡng về xử lý hồ sơ điện tử trong tháng 8, học hai buổi một ngày; ôn và thi "
               "tiếng Anh bậc 3 trong quý I. Cả hai đều có giấy chứng nhận nộp kèm hồ sơ.")
    pages.para("<b>3. Sắp xếp thời gian.</b> Lịch học đặt vào sau giờ làm việc và sáng thứ Bảy. Trong bốn mươi ba tuần có ba mươi bảy "
               "tuần học đủ số buổi đã định; sáu tuần còn lại trùng với đợt phòng chống mưa bão và kiểm kê tài sản.")
    pages.heading("II. VIỆC ÁP DỤNG VÀO CÔNG VIỆC")
    pages.para("<b>1. Sổ theo dõi hồ sơ.</b> Thay sổ giấy bằng bảng tính dùng chung trong phòng. Bảng tự tính số ngày còn lại và tô màu "
               "những hồ sơ sắp đến hạn. Người trực buổi sáng chỉ cần mở một tệp là biết việc phải làm trong ngày.")
    pages.para("<b>2. Thời gian xử lý.</b> Số liệu lấy từ sổ của phòng, không tính hồ sơ do người nộp tự rút:")
    pages.table(["Quý", "Số hồ sơ", "Đúng hạn", "Tỷ lệ đúng hạn", "Thời gian trung bình (ngày)"],
                [["I", "118", "97", "82,2 %", "4,6"], ["II", "131", "115", "87,8 %", "3,9"],
                 ["III", "142", "134", "94,4 %", "3,1"], ["Tháng 10", "47", "46", "97,9 %", "2,8"],
                 ["Cộng", "438", "392", "89,5 %", "3,7"]],
                [1.3, 1.3, 1.3, 1.7, 2.2], ["center"] * 5, 12.5)
    pages.para("<b>3. Giúp người dân.</b> Tổ chức mười hai buổi hướng dẫn tại nhà văn hóa các thôn, mỗi buổi khoảng hai mươi người. Sau "
               "mỗi buổi có phiếu hỏi ngắn ba câu. Trong 214 phiếu thu về, 171 người trả lời đã tự làm được ít nhất một thủ tục; 43 "
               "người chưa làm được, chủ yếu vì điện thoại cũ hoặc quên mật khẩu.")
    pages.heading("III. Ý KIẾN PHẢN BIỆN ĐÃ GỬI")
    pages.para("<b>1. Về mẫu phiếu lấy ý kiến.</b> Dự thảo phiếu của phòng có câu hỏi ghép hai ý trong một câu, người trả lời đồng ý với "
               "ý này nhưng không đồng ý với ý kia thì không biết chọn thế nào. Đã đề nghị tách thành hai câu; phòng đã sửa.")
    pages.para("<b>2. Về số liệu sáu tháng.</b> Bản tổng hợp ghi tỷ lệ đúng hạn 95 %, nhưng mẫu số không gồm hồ sơ quá hạn chưa trả. "
               "Tính đủ thì tỷ lệ là 85,1 %. Sau khi đối chiếu sổ, số liệu đã được ghi lại.")
    pages.para("<b>3. Về lịch tiếp dân.</b> Đề nghị giữ một buổi tối trong tuần cho người đi làm xa. Lãnh đạo phòng cho làm thử trong "
               "tháng 9; bình quân mỗi buổi có bảy lượt người đến, nên tiếp tục đến hết năm.")
    pages.para("<b>4. Ý kiến không được chấp nhận.</b> Đề nghị bỏ hẳn bản giấy với loại việc đơn giản chưa được đồng ý vì một số người "
               "lớn tuổi vẫn cần giấy hẹn. Người báo cáo thấy lý do này đúng và rút lại đề nghị.")
    pages.heading("IV. ĐỘNG VIÊN NGƯỜI THÂN, ĐỒNG NGHIỆP CÙNG HỌC")
    pages.para("Trong phòng lập nhóm đọc chung, mỗi tháng một tài liệu, mỗi người trình bày một lần. Năm người trong phòng đều đã "
               "trình bày ít nhất một lần. Ở nhà, hai vợ chồng thống nhất mỗi tối tắt ti vi một giờ để con học và bố mẹ đọc sách.")
    pages.heading("V. ĐIỀU CHƯA LÀM ĐƯỢC")
    pages.para("Chưa viết xong tài liệu hướng dẫn bằng hình cho người không quen đọc chữ nhỏ. Bản ghi chép tháng 2 và tháng 7 sơ sài. "
               "Kế hoạch học tập lập từ đầu năm nhưng quên xin xác nhận của phòng, đến khi nộp hồ sơ mới phát hiện.")
    pages.heading("VI. KIẾN NGHỊ VÀ VIỆC TIẾP THEO")
    pages.para("1. Đề nghị phòng cho dùng chung một thư mục ghi chép, để người mới đến có thể đọc lại.")
    pages.para("2. Từ tháng 11 viết mỗi tuần một trang hướng dẫn bằng hình, nhờ hai người lớn tuổi đọc thử trước khi in.")
    pages.para("3. Năm 2026 đăng ký học tiếp về bảo vệ dữ liệu cá nhân trong hồ sơ điện tử.")
    pages.para("Các số liệu trong báo cáo này đều là số liệu giả lập, dùng để thử phần mềm.", after=8)
    pages.signatures([("NGƯỜI BÁO CÁO", OFFICIAL, False)],
                     "<b><i>Nơi nhận:</i></b>\n– Trưởng phòng (để báo cáo);\n– Hội Khuyến học xã;\n– Lưu: VT, hồ sơ cá nhân.")
    pages.start_page()
    pages.title("PHỤ LỤC", "Tài liệu đã đọc và ghi chép năm 2025", 14)
    pages.para("<i>(Kèm theo Báo cáo số 45/BC-VHXH ngày 31 tháng 10 năm 2025; tên tài liệu đều do người làm mẫu đặt ra)</i>",
               13, "center", after=10)
    pages.table(["TT", "Tên tài liệu", "Loại", "Tháng", "Việc đã làm thử ở xã"], READING, [0.7, 4, 1.9, 1, 3.4],
                ["center", "left", "left", "center", "left"])
    pages.para("Ghi chép từng tài liệu lưu ở thư mục chung của phòng, mỗi tài liệu một trang, theo thứ tự trong bảng.", 13)
    pages.finish()


# ---------------------------------------------------------------- papers of the commune

def write_return_notice(collection):
    date = "2025-11-05"
    pages = collection.pages(
        f"Phiếu yêu cầu bổ sung minh chứng - {OFFICIAL}.pdf", "Phiếu yêu cầu bổ sung hồ sơ minh chứng", "other",
        ASSOCIATION, date, holder=OFFICIAL, number="14", notation="YC-HKH", assurance="born-digital-signed",
        subject="Yêu cầu bổ sung minh chứng chỉ số A2")
    pages.national_head([f"HKH TỈNH {PROVINCE.upper()}", "HỘI KHUYẾN HỌC XÃ"], "Số: 14/YC-HKH", place_date(date), 0.42)
    pages.title("PHIẾU YÊU CẦU BỔ SUNG", "Hồ sơ minh chứng danh hiệu “Công dân học tập” năm 2025")
    pages.para(f"Kính gửi: Ông <b>{OFFICIAL}</b>, Phòng Văn hóa – Xã hội.", align="center", after=8)
    pages.para("Hội Khuyến học xã đã xem hồ sơ ông nộp ngày 03/11/2025 và đề nghị ông bổ sung như sau:")
    pages.table(["TT", "Chỉ số", "Minh chứng đã nộp", "Điều còn thiếu"],
                [["1", "A2", "Kế hoạch học tập cá nhân năm 2025, lập ngày 20/01/2025",
                  "Chưa có xác nhận của đơn vị nơi ông công tác"]],
                [0.6, 1, 4, 4], ["center", "center", "left", "left"], 12.5)
    pages.para("Hạn bổ sung: hết ngày <b>14/11/2025</b>. Các chỉ số khác đủ minh chứng, ông không phải nộp lại. Nếu cần giúp đỡ, "
               "ông liên hệ chi hội khuyến học cơ quan.")
    pages.skip(10)
    pages.signatures([("TM. BAN THƯỜNG VỤ\nCHỦ TỊCH", "Lý Thị Mô Hình", True)],
                     "<b><i>Nơi nhận:</i></b>\n– Như trên;\n– Lưu: VP Hội.")
    pages.finish()


SCORES = {FARMER: (9, 8, 9, 9, 8, 6, 9, 8, 10, 10), WORKER: (9, 9, 8, 9, 9, 7, 10, 4, 9, 9),
          OFFICIAL: (9, 9, 8, 8, 10, 9, 9, 9, 9, 9)}
RECOGNISED = [(FARMER, "Nông dân", "Thôn Thử Nghiệm"), ("Phạm Thị Ví Dụ", "Nông dân", "Thôn Thử Nghiệm"),
              ("Hoàng Thị Giả Dụ", "Nông dân", "Thôn Minh Họa"), ("Đỗ Văn Giả Lập", "Nông dân", "Thôn Minh Họa"),
              ("Trịnh Văn Thử Nghiệm", "Nông dân", "Thôn Bản Nháp"), ("Mai Thị Hư Cấu", "Công nhân", "Công ty May Giả Tưởng"),
              ("Cao Văn Tượng Trưng", "Công nhân", "Công ty May Giả Tưởng"), ("Tạ Thị Phỏng Đoán", "Công nhân", "Tổ sửa chữa Ước Lệ"),
              ("Lưu Văn Ước Lệ", "Công nhân", "Tổ sửa chữa Ước Lệ"), (OFFICIAL, "Trí thức", "Phòng Văn hóa – Xã hội"),
              ("Chu Thị Kiểu Mẫu", "Trí thức", "Trường Tiểu học Giả Định"), ("Tống Văn Nguyên Mẫu", "Trí thức", "Trường Tiểu học Giả Định"),
              ("Quách Thị Biểu Mẫu", "Trí thức", "Trạm Y tế xã"), ("Kiều Văn Hình Mẫu", "Trí thức", "Trạm Y tế xã")]


def write_minutes(collection):
    date = "2025-11-20"
    pages = collection.pages(
        "Biên bản bình xét Công dân học tập năm 2025.pdf", "Biên bản họp bình xét danh hiệu “Công dân học tập” năm 2025",
        "report", ASSOCIATION, date, number="03", notation="BB-HKH", assurance="original-seen",
        subject="Họp bình xét danh hiệu “Công dân học tập” năm 2025")
    pages.national_head([f"HKH TỈNH {PROVINCE.upper()}", "HỘI KHUYẾN HỌC XÃ"], "Số: 03/BB-HKH", place_date(date), 0.42)
    pages.title("BIÊN BẢN", "Họp bình xét danh hiệu “Công dân học tập” năm 2025")
    pages.para(f"<b>Thời gian:</b> bắt đầu 14 giờ 00 ngày 20/11/2025. <b>Địa điểm:</b> nhà văn hóa xã {COMMUNE}.")
    pages.para("<b>Chủ trì:</b> bà Lý Thị Mô Hình, Chủ tịch Hội Khuyến học xã. <b>Thư ký:</b> ông Tôn Văn Phác Họa.")
    pages.para("<b>Thành phần:</b> 17 người có mặt trên 18 người được mời, gồm đại diện Hội Khuyến học, các thôn, công đoàn cơ sở, "
               "trường tiểu học và trạm y tế; vắng 1 người có lý do.")
    pages.heading("1. Hồ sơ đưa ra bình xét")
    pages.para("Có 15 hồ sơ: 5 của nông dân, 5 của công nhân, 5 của trí thức. Thư ký đọc bảng điểm từng chỉ số; các đại biểu xem minh "
               "chứng rồi phát biểu. Ba hồ sơ dưới đây có ý kiến trao đổi nhiều; mười hai hồ sơ còn lại không có ý kiến khác.")
    pages.heading("2. Điểm thống nhất của ba hồ sơ")
    codes = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"]
    pages.table(["Họ và tên"] + codes + ["Tổng"],
                [[name] + [str(value) for value in values] + [f"<b>{sum(values)}</b>"] for name, values in SCORES.items()],
                [3.4] + [0.85] * 10 + [1.1], ["left"] + ["center"] * 11, 11.5)
    pages.heading("3. Ý kiến trao đổi")
    pages.para(f"<b>Hồ sơ của ông {FARMER}.</b> Đại diện thôn Thử Nghiệm cho biết ông chăm đọc sách, hướng dẫn nhiều hộ làm theo. Chỉ số "
               "B2 chỉ có vở tự học nên cho 6 điểm. Biểu quyết: 17 đồng ý, 0 không đồng ý.")
    pages.para(f"<b>Hồ sơ của bà {WORKER}.</b> Nhiều ý kiến khen sáng kiến khay chỉ xoay. Tuy nhiên chỉ số B4 không có minh chứng, "
               "công đoàn cũng nêu bà ít tham gia góp ý chuyên môn; cuộc họp cho 4 điểm. Tổng 83 điểm, trên mức 80, nhưng có một chỉ số "
               "dưới 5 điểm nên <b>chưa đủ điều kiện đề nghị</b>. Biểu quyết: 15 đồng ý với kết luận này, 2 không đồng ý. Hội sẽ giúp bà "
               "tham gia các buổi góp ý để đăng ký lại năm sau.")
    pages.para(f"<b>Hồ sơ của ông {OFFICIAL}.</b> Hồ sơ từng được trả lại ngày 05/11/2025 vì kế hoạch học tập chưa có xác nhận (chỉ số "
               "A2); ông đã nộp bản có xác nhận ngày 12/11/2025, trong hạn. Biểu quyết: 16 đồng ý; ông tự rút khỏi phần biểu quyết về mình.")
    pages.heading("4. Kết luận")
    pages.para(f"Đề nghị {PEOPLES_COMMITTEE} công nhận 14 người. Danh sách được niêm yết tại nhà văn hóa các thôn từ ngày 21/11/2025 đến "
               "hết ngày 27/11/2025 để nhân dân góp ý. Ai không đồng ý với kết quả thì gửi đơn về Hội Khuyến học xã trong thời gian niêm yết.")
    pages.para("Biên bản được đọc lại cho mọi người nghe, không ai có ý kiến khác. Cuộc họp kết thúc lúc 16 giờ 40 cùng ngày.", after=8)
    pages.signatures([("THƯ KÝ", "Tôn Văn Phác Họa", False), ("CHỦ TRÌ", "Lý Thị Mô Hình", True)])
    pages.finish()


def write_decision(collection):
    date = "2025-12-10"
    pages = collection.pages(
        "Quyết định công nhận Công dân học tập năm 2025.pdf",
        "Quyết định về việc công nhận danh hiệu “Công dân học tập” năm 2025", "decision", PEOPLES_COMMITTEE, date,
        number="125", notation="QĐ-UBND", assurance="born-digital-signed", valid_from=date,
        subject="Về việc công nhận danh hiệu “Công dân học tập” năm 2025")
    pages.national_head(["ỦY BAN NHÂN DÂN", f"XÃ {COMMUNE.upper()}"], "Số: 125/QĐ-UBND", place_date(date))
    pages.title("QUYẾT ĐỊNH", "Về việc công nhận danh hiệu “Công dân học tập” năm 2025")
    pages.para(f"<b>CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ {COMMUNE.upper()}</b>", 13.5, "center", after=10)
    for text in ("Căn cứ quy định của pháp luật về tổ chức chính quyền địa phương;",
                 "Căn cứ Quyết định số 677/QĐ-TTg ngày 03 tháng 6 năm 2022 của Thủ tướng Chính phủ;",
                 f"Căn cứ Biên bản số 03/BB-HKH ngày 20 tháng 11 năm 2025 của {ASSOCIATION};",
                 f"Theo đề nghị của Chủ tịch {ASSOCIATION}."):
        pages.para(f"<i>{text}</i>")
    pages.para("<b>QUYẾT ĐỊNH:</b>", 14, "center", after=6)
    pages.para("<b>Điều 1.</b> Công nhận danh hiệu “Công dân học tập” năm 2025 cho 14 cá nhân có tên trong danh sách kèm theo Quyết định này.")
    pages.para("<b>Điều 2.</b> Hội Khuyến học xã trao giấy chứng nhận, công bố danh sách tại nhà văn hóa các thôn và cập nhật kết quả vào "
               "sổ theo dõi của xã.")
    pages.para("<b>Điều 3.</b> Quyết định này có hiệu lực kể từ ngày ký. Văn phòng Ủy ban nhân dân xã, Hội Khuyến học xã, các đơn vị liên "
               "quan và cá nhân có tên tại Điều 1 chịu trách nhiệm thi hành.", after=10)
    pages.signatures([("CHỦ TỊCH", "Phan Văn Giả Như", True)],
                     "<b><i>Nơi nhận:</i></b>\n– Như Điều 3;\n– Hội Khuyến học tỉnh Tưởng Tượng;\n– Thường trực HĐND xã;\n"
                     "– Các thôn trong xã;\n– Lưu: VT, HKH.")
    pages.start_page()
    pages.title("DANH SÁCH", "Cá nhân được công nhận danh hiệu “Công dân học tập” năm 2025", 14)
    pages.para(f"<i>(Kèm theo Quyết định số 125/QĐ-UBND ngày 10 tháng 12 năm 2025 của Chủ tịch Ủy ban nhân dân xã {COMMUNE})</i>",
               13, "center", after=10)
    pages.table(["STT", "Họ và tên", "Nhóm đối tượng", "Thôn, đơn vị"],
                [[str(index), *row] for index, row in enumerate(RECOGNISED, 1)],
                [0.8, 3.2, 2, 3.4], ["center", "left", "center", "left"], 13)
    pages.para("<i>Danh sách có 14 người. Họ và tên đều do người làm mẫu đặt ra.</i>", 13, "left")
    pages.finish()


# ---------------------------------------------------------------- texts

def write_texts(collection):
    path = collection.path(f"Ghi chép tự học tiếng Anh - {FARMER}.txt", "Ghi chép tự học tiếng Anh", "work-sample",
                           FARMER, "2025-09-14", holder=FARMER, subject="Vở tự học tiếng Anh về rau củ và đơn vị đo")
    path.write_bytes(unicodedata.normalize("NFC", f"""{MARK}

Ghi chép tự học tiếng Anh
{FARMER}, thôn Thử Nghiệm, xã {COMMUNE}

02/02/2025  cabbage = bắp cải; cucumber = dưa chuột; spinach = rau chân vịt.
16/02/2025  kilogram, gram, litre: đọc gần như tiếng mình, dễ nhớ.
09/03/2025  organic = hữu cơ; fertilizer = phân bón; seed = hạt giống.
20/04/2025  Đọc thử nhãn túi hạt giống: "Keep in a cool, dry place" = để nơi mát, khô ráo.
15/06/2025  Học được 120 từ. Quên mất khoảng 30 từ, phải ôn lại từ đầu tháng 3.
14/09/2025  Được 205 từ. Con gái kiểm tra 50 từ bất kỳ, đúng 41 từ.

Việc còn khó: nghe chưa được, chỉ đọc được nhãn.
""").encode("utf-8"))

    path = collection.path(f"Sổ đọc sách (gõ ở máy cũ) - {WORKER}.txt", "Sổ đọc sách năm 2025", "work-sample", WORKER,
                           "2025-10-19", holder=WORKER, subject="Sổ đọc sách của tủ sách công đoàn")
    path.write_bytes(windows_1258(f"""{MARK}

SỔ ĐỌC SÁCH NĂM 2025
Người đọc: {WORKER} - Chuyền may số 3, Công ty May Giả Tưởng

Tháng 1: Sách về giữ sức khỏe khi ngồi lâu. Đã thử bài tập cổ và vai, bớt mỏi.
Tháng 2: Truyện ngắn. Kể lại cho con nghe trước giờ ngủ.
Tháng 4: Sách dạy cách sắp xếp chỗ làm việc. Nảy ra ý làm khay chỉ xoay.
Tháng 6: Sách về quản lý chi tiêu trong gia đình. Đã lập sổ thu chi.
Tháng 8: Sách về an toàn điện. Ghi lại bảy điều dán ở cửa xưởng.
Tháng 10: Sách về nuôi dạy con tuổi dậy thì. Cho chị em trong chuyền mượn.

Tổng cộng sáu cuốn, đều mượn ở tủ sách công đoàn.
"""))

    path = collection.path(f"Nhật ký học tập - {OFFICIAL}.txt", "Nhật ký học tập năm 2025", "work-sample", OFFICIAL,
                           "2025-10-26", holder=OFFICIAL, subject="Nhật ký các buổi học và sinh hoạt cộng đồng")
    text = unicodedata.normalize("NFC", f"""{MARK}

NHẬT KÝ HỌC TẬP
{OFFICIAL}, Phòng Văn hóa – Xã hội

18/01/2025: Dự tọa đàm ở thư viện xã về đọc sách cùng con. Rủ được hai đồng nghiệp cùng đi.
22/03/2025: Buổi hướng dẫn đầu tiên ở thôn Minh Họa, 19 người. Nói nhanh quá, lần sau phải làm chậm lại.
17/05/2025: Đọc xong tài liệu về đặt tên tệp và thư mục. Sửa lại toàn bộ thư mục chung của phòng.
23/08/2025: Kết thúc khóa bồi dưỡng. Điều đáng nhớ: giữ nguyên tệp gốc, bản sao phải ghi rõ là bản sao.
26/10/2025: Nhóm đọc chung họp lần thứ chín. Tranh luận về cách tính tỷ lệ đúng hạn, rất bổ ích.
""").replace("\n", "\r\n")
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


def windows_1258(text):
    """Windows-1258 writes most tones as a separate character after the vowel."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = bytearray()
    for character in unicodedata.normalize("NFC", text).replace("\n", "\r\n"):
        try:
            out += character.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", character)
            base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
            out += (base + "".join(part for part in parts if part in tones)).encode("cp1258")
    return bytes(out)


# ---------------------------------------------------------------- pictures

def to_image(surface):
    surface.flush()
    size = (surface.get_width(), surface.get_height())
    return Image.frombuffer("RGBX", size, bytes(surface.get_data()), "raw", "BGRX", surface.get_stride(), 1).convert("RGB")


def add_grain(image, seed, strength):
    grain = Image.frombytes("L", image.size, random.Random(seed).randbytes(image.width * image.height))
    return Image.blend(image, Image.merge("RGB", (grain, grain, grain)), strength)


def mark_picture(context, width, height):
    context.set_source_rgba(0.75, 0.05, 0.1, 0.9)
    context.rectangle(0, height - 34, width, 34)
    context.fill()
    text_at(context, f"<b>{MARK}</b>", 0, height - 28, 18, width, "center", (1, 1, 1))


def gradient(context, x, y, width, height, top, bottom):
    pattern = cairo.LinearGradient(0, y, 0, y + height)
    pattern.add_color_stop_rgb(0, *top)
    pattern.add_color_stop_rgb(1, *bottom)
    context.set_source(pattern)
    context.rectangle(x, y, width, height)
    context.fill()


def person(context, x, y, scale, shirt, hair=(0.12, 0.1, 0.1), from_behind=True):
    context.set_source_rgb(*shirt)
    context.save()
    context.translate(x, y)
    context.scale(scale, scale)
    context.move_to(-34, 80)
    context.curve_to(-36, 20, -22, 8, 0, 8)
    context.curve_to(22, 8, 36, 20, 34, 80)
    context.close_path()
    context.fill()
    context.set_source_rgb(0.83, 0.64, 0.5)
    context.rectangle(-7, -6, 14, 18)
    context.fill()
    context.arc(0, -22, 20, 0, 6.2832)
    context.fill()
    context.set_source_rgb(*hair)
    if from_behind:
        context.arc(0, -24, 21, 0, 6.2832)
    else:
        context.arc(0, -26, 21, 3.1416, 6.2832)
    context.fill()
    context.restore()


SHIRTS = [(0.2, 0.35, 0.6), (0.65, 0.25, 0.25), (0.3, 0.5, 0.35), (0.75, 0.65, 0.35), (0.45, 0.35, 0.55), (0.85, 0.85, 0.82)]


def write_class_photo(collection):
    """An evening class in the village hall, with EXIF."""
    width, height = 960, 640
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    context = cairo.Context(surface)
    gradient(context, 0, 0, width, 430, (0.93, 0.87, 0.7), (0.82, 0.72, 0.52))
    gradient(context, 0, 430, width, 210, (0.5, 0.38, 0.28), (0.33, 0.25, 0.2))
    context.set_source_rgb(0.12, 0.3, 0.22)
    context.rectangle(300, 90, 400, 210)
    context.fill()
    context.set_source_rgb(0.55, 0.4, 0.25)
    context.set_line_width(9)
    context.rectangle(300, 90, 400, 210)
    context.stroke()
    text_at(context, "<b>LỚP KỸ NĂNG SỐ</b>", 300, 115, 30, 400, "center", (0.95, 0.95, 0.9))
    text_at(context, "Thôn Thử Nghiệm\nBài 4: Nộp hồ sơ trực tuyến", 300, 168, 24, 400, "center", (0.9, 0.95, 0.9))
    text_at(context, "<b>NHÀ VĂN HÓA THÔN THỬ NGHIỆM</b>", 0, 30, 26, width, "center", (0.6, 0.1, 0.1))
    for x in (70, 780):
        gradient(context, x, 120, 110, 150, (0.1, 0.12, 0.25), (0.2, 0.2, 0.35))
        context.set_source_rgb(0.45, 0.3, 0.2)
        context.set_line_width(6)
        context.rectangle(x, 120, 110, 150)
        context.move_to(x + 55, 120)
        context.line_to(x + 55, 270)
        context.stroke()
    person(context, 745, 300, 1.3, (0.85, 0.85, 0.9), from_behind=False)
    random_ = random.Random(4)
    for row, (y, scale, count) in enumerate(((385, 0.95, 6), (475, 1.25, 5))):
        for index in range(count):
            x = (index + 0.6 + 0.2 * row) * width / (count + 0.4) + random_.uniform(-14, 14)
            person(context, x, y + random_.uniform(-8, 8), scale, random_.choice(SHIRTS))
        context.set_source_rgb(0.5 - 0.08 * row, 0.33 - 0.05 * row, 0.2 - 0.03 * row)
        context.rectangle(20, y + 62 * scale, width - 40, 34 + 6 * row)
        context.fill()
    mark_picture(context, width, height)
    image = add_grain(to_image(surface).filter(ImageFilter.GaussianBlur(0.7)), 41, 0.035)
    path = collection.path("Ảnh lớp kỹ năng số ở nhà văn hóa thôn.jpg", "Ảnh lớp kỹ năng số ở nhà văn hóa thôn Thử Nghiệm",
                           "photo", FARMER, "2025-06-14", holder=FARMER, subject="Buổi học tối 14/6/2025")
    exif = Image.Exif()
    exif[0x010E] = "SAMPLE - drawn by a program, no real place or person"
    exif[0x010F], exif[0x0110], exif[0x0131] = "Sample", "Sample camera", "MinhChung generate.py"
    exif[0x0112], exif[0x0132] = 1, "2025:06:14 19:42:10"
    details = exif.get_ifd(0x8769)
    details[0x9003] = details[0x9004] = "2025:06:14 19:42:10"
    details[0x9011] = "+07:00"
    image.save(path, "JPEG", quality=62, optimize=True, exif=exif)


def write_reading_photo(collection):
    """Reading at noon in the workshop; no EXIF, as when a messenger app has stripped it."""
    width, height = 800, 600
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    context = cairo.Context(surface)
    gradient(context, 0, 0, width, 370, (0.86, 0.9, 0.93), (0.74, 0.8, 0.84))
    gradient(context, 0, 370, width, 230, (0.6, 0.6, 0.58), (0.45, 0.45, 0.44))
    random_ = random.Random(9)
    context.set_source_rgb(0.5, 0.36, 0.22)
    context.rectangle(60, 80, 300, 250)
    context.fill()
    for shelf in range(3):
        x = 72
        while x < 335:
            thick, tall = random_.uniform(9, 20), random_.uniform(46, 66)
            context.set_source_rgb(random_.uniform(0.2, 0.9), random_.uniform(0.2, 0.7), random_.uniform(0.2, 0.7))
            context.rectangle(x, 80 + (shelf + 1) * 80 - tall, thick, tall)
            context.fill()
            x += thick + 2
    text_at(context, "<b>TỦ SÁCH CÔNG ĐOÀN</b>", 60, 46, 22, 300, "center", (0.5, 0.1, 0.1))
    text_at(context, "<b>CÔNG TY MAY GIẢ TƯỞNG</b>", 420, 70, 22, 340, "center", (0.15, 0.25, 0.45))
    for index in range(3):
        x = 430 + index * 115
        context.set_source_rgb(0.92, 0.92, 0.9)
        context.rectangle(x, 250, 80, 26)
        context.rectangle(x, 200, 24, 60)
        context.rectangle(x, 196, 74, 22)
        context.fill()
        context.set_source_rgb(0.4, 0.3, 0.22)
        context.rectangle(x - 12, 276, 106, 10)
        context.fill()
    for index, x in enumerate((130, 290, 450, 610, 720)):
        person(context, x, 400 + 14 * (index % 2), 1.25, (0.25, 0.45, 0.6) if index != 2 else (0.7, 0.4, 0.5), from_behind=False)
        context.set_source_rgb(0.97, 0.96, 0.9)
        context.move_to(x - 34, 466)
        context.line_to(x, 478)
        context.line_to(x + 34, 466)
        context.line_to(x + 34, 500)
        context.line_to(x, 512)
        context.line_to(x - 34, 500)
        context.close_path()
        context.fill()
        rule(context, x, x + 0.1, 478, 2, GREY)
    mark_picture(context, width, height)
    image = add_grain(to_image(surface).filter(ImageFilter.GaussianBlur(0.8)), 97, 0.04)
    path = collection.path("Ảnh đọc sách giờ nghỉ trưa ở xưởng may.jpg", "Ảnh buổi đọc sách giờ nghỉ trưa ở xưởng may",
                           "photo", WORKER, "2025-08-05", holder=WORKER, subject="Buổi đọc sách của tủ sách công đoàn")
    image.save(path, "JPEG", quality=58, optimize=True)


def write_screenshot(collection):
    """A PNG: the screen of an invented online lesson."""
    width, height = 900, 560
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    context = cairo.Context(surface)
    context.set_source_rgb(0.96, 0.97, 0.98)
    context.paint()
    context.set_source_rgb(0.13, 0.35, 0.6)
    context.rectangle(0, 0, width, 58)
    context.fill()
    text_at(context, "<b>Lớp học mở Giả Định</b>", 24, 14, 22, color=(1, 1, 1))
    text_at(context, WORKER, 620, 18, 17, 256, "right", (1, 1, 1))
    text_at(context, "<b>Tin học cơ bản – Bài 8: Bảng tính</b>", 24, 78, 24)
    for index, (label, done) in enumerate((("1. Nhập số liệu vào ô", 1), ("2. Cộng một cột: hàm SUM", 1), ("3. Tính trung bình", 1),
                                           ("4. Vẽ biểu đồ cột", 1), ("5. Bài kiểm tra cuối bài: 9/10 câu đúng", 1))):
        y = 130 + index * 58
        context.set_source_rgb(1, 1, 1)
        context.rectangle(24, y, 560, 46)
        context.fill()
        context.set_source_rgb(0.15, 0.6, 0.3)
        context.arc(50, y + 23, 11, 0, 6.2832)
        context.fill()
        context.set_source_rgb(1, 1, 1)
        context.set_line_width(2.5)
        context.move_to(44, y + 23)
        context.line_to(49, y + 28)
        context.line_to(57, y + 18)
        context.stroke()
        text_at(context, label, 74, y + 12, 18)
    context.set_source_rgb(1, 1, 1)
    context.rectangle(610, 130, 266, 278)
    context.fill()
    text_at(context, "<b>Tiến độ: 100 %</b>", 610, 146, 19, 266, "center")
    for index, value in enumerate((40, 65, 90, 130, 170)):
        context.set_source_rgb(0.25, 0.5, 0.75)
        context.rectangle(640 + index * 44, 370 - value, 30, value)
        context.fill()
    rule(context, 628, 862, 371, 1.5)
    text_at(context, "Tuần 1     2      3      4      5", 610, 376, 15, 266, "center", GREY)
    text_at(context, "Hoàn thành ngày 11/5/2025 lúc 20:47", 24, 430, 18, color=GREY)
    mark_picture(context, width, height)
    path = collection.path(f"Ảnh chụp màn hình bài học trực tuyến - {WORKER}.png", "Ảnh chụp màn hình bài học trực tuyến",
                           "photo", WORKER, "2025-05-11", holder=WORKER, subject="Hoàn thành bài 8, Tin học cơ bản")
    to_image(surface).quantize(64, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)


def write_scan(collection):
    """A commendation as a scanner leaves it: one picture on the page, no text."""
    scale, date = 110 / 72, "2025-10-12"
    width, height = (round(side * scale) for side in A4_LANDSCAPE)
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    context = cairo.Context(surface)
    context.set_source_rgb(0.8, 0.8, 0.8)
    context.paint()
    context.translate(width / 2, height / 2)
    context.rotate(0.008)
    context.translate(-width / 2 + 5, -height / 2 + 4)
    context.set_source_rgb(0.985, 0.975, 0.94)
    context.rectangle(0, 0, width - 8, height - 8)
    context.fill()
    context.scale(scale, scale)
    draw_page_marks(context, A4_LANDSCAPE, frame=True)
    certificate_body(context, A4_LANDSCAPE, ASSOCIATION, "GIẤY KHEN", FARMER,
                     ["Ban Thường vụ Hội Khuyến học xã tặng ông", "Thôn Thử Nghiệm",
                      "Đã chia sẻ giống rau, kinh nghiệm sản xuất và giúp bảy hộ trong thôn cùng học",
                      "trong năm 2025"],
                     "Số: 11/QĐ-HKH", date, "CHỦ TỊCH", "Lý Thị Mô Hình")
    image = add_grain(to_image(surface).filter(ImageFilter.GaussianBlur(0.4)), 12, 0.02)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=52, optimize=True)
    title = "Giấy khen của Hội Khuyến học xã (bản quét)"
    path = collection.path(f"Bản quét giấy khen - {FARMER}.pdf", title, "certificate", ASSOCIATION, date, holder=FARMER,
                           number="11", notation="QĐ-HKH", subject="Khen thưởng giúp nhau cùng học năm 2025")
    pdf = cairo.PDFSurface(str(path), *A4_LANDSCAPE)
    pdf.set_metadata(cairo.PDF_METADATA_TITLE, title)
    pdf.set_metadata(cairo.PDF_METADATA_SUBJECT, MARK)
    pdf.set_metadata(cairo.PDF_METADATA_CREATOR, "MinhChung Storage/Sample/generate.py")
    pdf.set_metadata(cairo.PDF_METADATA_CREATE_DATE, f"{date}T08:00:00+07:00")
    picture = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
    picture.set_mime_data(cairo.MIME_TYPE_JPEG, jpeg.getvalue())
    page = cairo.Context(pdf)
    page.scale(1 / scale, 1 / scale)
    page.set_source_surface(picture)
    page.paint()
    pdf.finish()


# ---------------------------------------------------------------- all of it

def generate(root):
    collection = Collection(root)
    for write in (write_plans, write_certificates, write_library_card, write_confirmations, write_initiative, write_report,
                  write_class_photo, write_reading_photo, write_screenshot, write_scan, write_texts, write_return_notice,
                  write_minutes, write_decision):
        write(collection)
    collection.rows.sort(key=lambda row: row["file"])
    collection.write_csv()
    return collection.rows


def run(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8")


def text_of(path):
    data = path.read_bytes()
    for encoding in ("utf-16" if data[:2] == b"\xff\xfe" else "utf-8", "cp1258"):
        try:
            return unicodedata.normalize("NFC", data.decode(encoding))
        except UnicodeDecodeError:
            pass


def check(root):
    """Compares with a fresh run and looks at every page for the mark; prints what is wrong."""
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        rows = generate(folder)
        listed = {row["file"] for row in rows}
        present = {f"documents/{path.name}" for path in (root / "documents").iterdir()}
        faults += [f"not listed: {name}" for name in sorted(present - listed)]
        for name in sorted(listed | {"metadata.csv"}):
            if name in present | {"metadata.csv"} and not filecmp.cmp(root / name, Path(folder) / name, shallow=False):
                faults.append(f"differs from a fresh run: {name}")
        faults += [f"missing: {name}" for name in sorted(listed - present)]
    for row in rows:
        path = root / row["file"]
        if not unicodedata.is_normalized("NFC", row["file"]):
            faults.append(f"name is not NFC: {path.name}")
        if path.suffix == ".txt" and path.exists() and MARK not in text_of(path):
            faults.append(f"no mark: {path.name}")
        if path.suffix != ".pdf" or not path.exists():
            continue
        text = run("pdftotext", "-layout", str(path), "-")
        pages = text.split("\f")[:-1]
        if row["title"] not in run("pdfinfo", str(path)):
            faults.append(f"no title: {path.name}")
        if path.name.startswith("Bản quét"):
            if text.strip():
                faults.append(f"a scan with text: {path.name}")
            continue
        if not unicodedata.is_normalized("NFC", text):
            faults.append(f"text is not NFC: {path.name}")
        faults += [f"page {index} has no mark: {path.name}" for index, page in enumerate(pages, 1) if page.count(MARK) != 2]
    print("\n".join(faults) if faults else f"{len(rows)} documents as expected")
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes the sample documents of MinhChung.")
    parser.add_argument("--check", action="store_true", help="compare with a fresh run instead of writing")
    here = Path(__file__).resolve().parent
    if parser.parse_args().check:
        sys.exit(check(here))
    generate(here)
