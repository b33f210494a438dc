internal import Evidence
public import Ledger

/// `data/index.html` of a bundle: the decision for people. One page without script that needs no network, prints on A4, and shows
/// what hostile documents say without obeying it.
public enum ReadablePage {
    /// How many entries of the access log are shown; `access.jsonl` has all.
    public static let accessRowLimit = 200

    /// The whole page. The same members give the same bytes; a member that is missing is left out.
    /// - Parameters:
    ///   - decision: what `data/decision.json` has.
    ///   - accessLines: what the lines of `data/access.jsonl` have, in their order.
    public static func html(_ decision: JSON, accessLines: [JSON]) -> [UInt8] {
        let members = DecisionMembers(decision)
        let heading = heading(members)
        let head: [Markup] = [
            meta([("charset", "utf-8")]),
            meta([("name", "viewport"), ("content", "width=device-width, initial-scale=1")]),
            // The only style that may apply is the one below; no script, no frame, no request to anywhere.
            meta([
                ("http-equiv", "Content-Security-Policy"),
                ("content", "default-src 'none'; style-src '\(PageStyle.contentSecurityHash)'; base-uri 'none'; form-action 'none'"),
            ]),
            meta([("name", "referrer"), ("content", "no-referrer")]),
            meta([("name", "robots"), ("content", "noindex")]),
            .element("title", text: heading),
        ]
        var bytes = Array("<!DOCTYPE html>\n<html lang=\"vi\">\n<head>\n".utf8)
        for element in head { element.write(to: &bytes) }
        // Not markup: the style is a literal, and its digest is of just these bytes.
        bytes.append(contentsOf: "<style>\(PageStyle.text)</style>\n</head>\n".utf8)
        Markup.element("body", [], body(members, heading, accessLines)).write(to: &bytes)
        bytes.append(contentsOf: "</html>\n".utf8)
        return bytes
    }

    private static func meta(_ attributes: [(StaticString, String)]) -> Markup {
        .element("meta", attributes.map { Markup.Attribute(name: $0.0, value: $0.1) }, [])
    }

    private static func heading(_ decision: DecisionMembers) -> String {
        if decision.whole["honour"].isThere { return "Hồ sơ minh chứng danh hiệu “Công dân học tập” nhiều năm liền" }
        if decision.isList { return "Danh sách và hồ sơ minh chứng danh hiệu “Công dân học tập”" }
        return "Hồ sơ minh chứng danh hiệu “Công dân học tập”"
    }

    private static func body(_ decision: DecisionMembers, _ heading: String, _ accessLines: [JSON]) -> [Markup] {
        [
            .element("header", [], [.element("h1", text: heading), subtitle(decision), notice()]),
            .element(
                "main", [],
                [
                    contents(decision), honour(decision),
                    .each(decision.titles.count) { TitleSection(title: decision.titles[$0], place: $0 + 1, decision: decision).markup },
                    EvidenceSection(decision: decision).markup, AccessSection(decision: decision, lines: accessLines.map { Member($0) }).markup,
                    LedgerSection(decision: decision).markup,
                ]),
            .element(
                "footer", [],
                [
                    .element(
                        "p",
                        text: "Giờ trên trang là giờ Việt Nam (UTC+7). Tên tài khoản được giữ như trong sổ ghi. Ký tự ẩn hoặc đổi chiều chữ "
                            + "trong giấy tờ được ghi bằng mã, ví dụ [U+202E].")
                ]),
        ]
    }

    private static func subtitle(_ decision: DecisionMembers) -> Markup {
        let scope = decision.whole["scope"]
        guard decision.isList else { return .nothing }
        let unit = decision.titles.first { $0["unit"]["unit"].string == scope["unit"].string }?["unit"] ?? Member(nil)
        let parts: [Markup] = [
            unit["name"].string.map(Markup.quoted) ?? PageParts.code(scope["unit"]),
            PageParts.text(scope["cycle"].integer.map { "đợt đánh giá năm \($0)" }), .text("\(decision.titles.count) danh hiệu"),
        ]
        return .element("p", [.class("subtitle")], [PageParts.joined(parts, " · ")])
    }

    private static func notice() -> Markup {
        let command = Markup.element("code", text: "minhchung verify-bundle")
        return .element(
            "section", [.class("notice"), Markup.Attribute(name: "aria-labelledby", value: "kiem-tra")],
            [
                .element("h2", [.id("kiem-tra")], [.text("Đọc trước: trang này tự nó không chứng minh điều gì")]),
                .element(
                    "p", [],
                    [
                        .text(
                            "Đây là một phần của gói minh chứng do kho lưu trữ MinhChung lập để người dân, cán bộ và đoàn kiểm tra đọc. "
                                + "Ai cũng có thể sửa một trang như thế này. Chỉ tin nội dung sau khi đã chạy "),
                        command,
                        .text(" trên cả gói và kết quả là đúng, với khóa công khai của kho mà bạn nhận từ nơi khác, không phải từ gói này. "),
                        .element("a", [.href("../VERIFY.md")], [.text("Cách kiểm tra từng bước: VERIFY.md")]), .text("."),
                    ]),
                .element(
                    "p", [Markup.Attribute(name: "lang", value: "en")],
                    [
                        .text("In English: this page alone proves nothing. Trust it only after "), command,
                        .text(" has accepted the whole bundle with a key that you have from elsewhere; see VERIFY.md."),
                    ]),
            ])
    }

    /// For a list, and where an honour rests on several titles: what is where.
    private static func contents(_ decision: DecisionMembers) -> Markup {
        guard decision.isList || decision.titles.count > 1 else { return .nothing }
        let rows = decision.titles.enumerated().map { index, title -> [Markup] in
            let name = title["person"]["name"].string.map(Markup.quoted) ?? PageParts.code(title["person"]["person"])
            return [
                .text("\(index + 1)"),
                .element("a", [.href("#danh-hieu-\(index + 1)")], [name.isEmpty ? .text("(không có tên)") : name]),
                PageParts.text(title["cycle"].integer.map { "\($0)" }), PageParts.text(PageParts.codeText(title["document"])),
                PageParts.text(title["verdict"]["total_halves"].integer.map(Written.points(halves:))), TitleSection.state(title),
            ]
        }
        return .element(
            "nav", [.id("muc-luc"), Markup.Attribute(name: "aria-label", value: "Mục lục")],
            [
                .element("h2", text: "Mục lục"),
                PageParts.table(
                    "Danh hiệu trong gói", columns: ["STT", "Họ và tên", "Năm", "Quyết định", "Tổng điểm", "Tình trạng"], rows: rows, kind: "contents"
                ),
                .element(
                    "p", [],
                    [
                        // Without evidence there is no such section.
                        decision.evidence.isEmpty
                            ? .nothing : .group([.element("a", [.href("#minh-chung")], [.text("Minh chứng")]), .text(" · ")]),
                        .element("a", [.href("#truy-cap")], [.text("Ai đã xem")]), .text(" · "),
                        .element("a", [.href("#so-ghi")], [.text("Sổ ghi")]),
                    ]),
            ])
    }

    private static func honour(_ decision: DecisionMembers) -> Markup {
        let honour = decision.whole["honour"]
        guard honour.isThere else { return .nothing }
        let person = honour["person"]
        let places = decision.titles.enumerated().compactMap { index, title in title["title"].string.map { ($0, index) } }
        let titles = honour["titles"].strings.map { id -> Markup in
            guard let index = places.first(where: { $0.0 == id })?.1 else { return .element("code", text: id) }
            let year = decision.titles[index]["cycle"].integer.map { "năm \($0)" } ?? id
            return .element("a", [.href("#danh-hieu-\(index + 1)")], [.text(year)])
        }
        return PageParts.section(
            "ghi-nhan", "Ghi nhận “Công dân học tập” \(honour["name"].string ?? "")",
            [
                PageParts.facts(
                    [
                        ("Tình trạng", PageParts.joined([TitleSection.state(honour), PageParts.record(honour["ended_by"])], " theo bản ghi ")),
                        ("Họ và tên", PageParts.quoted(person["name"])), ("Mã người", PageParts.code(person["person"])),
                        ("Mã ghi nhận", PageParts.code(honour["honour"])), ("Dựa trên danh hiệu", PageParts.joined(titles, ", ")),
                    ] + PageParts.document(honour["document"], decision) + [
                        ("Ghi vào sổ", PageParts.joined([PageParts.time(honour["time"]), PageParts.record(honour["record"])], ", bản ghi ")),
                        ("Tài khoản", PageParts.account(honour["account"])),
                    ])
            ])
    }
}
