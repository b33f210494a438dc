internal import Evidence

/// Who saw this evidence or acted on it: the last entries of the access log.
struct AccessSection {
    let decision: DecisionMembers
    /// Objects of `header` and `path`.
    let lines: [Member]

    /// What an identifier of a title's section names, and which section.
    private struct Subject {
        let name: String
        let place: Int
    }

    /// Subjects that are named in a row.
    private static let subjectLimit = 6

    var markup: Markup {
        let shown = lines.suffix(ReadablePage.accessRowLimit)
        let places = decision.titles.enumerated().flatMap { index, title -> [(String, Subject)] in
            [
                title["title"].string.map { ($0, Subject(name: "danh hiệu", place: index + 1)) },
                title["dossier"].string.map { ($0, Subject(name: "hồ sơ", place: index + 1)) },
                title["person"]["person"].string.map { ($0, Subject(name: "người", place: index + 1)) },
            ].compactMap(\.self)
        }
        let titles = Dictionary(places) { first, _ in first }
        let rows = shown.map { line -> [Markup] in
            let header = line["header"]
            let account = header["acting_as"].string == nil ? header["actor"] : header["acting_as"]
            let through = header["acting_as"].string == nil ? Markup.nothing : PageParts.account(header["actor"])
            return [
                PageParts.time(header["time"]),
                PageParts.lines([PageParts.account(account), through.isEmpty ? .nothing : .group([.text("do "), through, .text(" thực hiện")])]),
                PageParts.text(header["kind"].string.map(Words.access)), subjects(header["subjects"].strings, titles),
                PageParts.text(header["number"].integer.map { "\($0)" }),
            ]
        }
        let count =
            lines.isEmpty
            ? "Sổ truy cập của gói này không có mục nào."
            : shown.count < lines.count
                ? "Bảng chỉ có \(shown.count) mục cuối trong \(Written.grouped(Int64(lines.count))) mục." : "Bảng có đủ \(lines.count) mục."
        return PageParts.section(
            "truy-cap", "Ai đã xem",
            [
                .element(
                    "p", [],
                    [
                        .text("\(count) Danh sách đầy đủ, mỗi mục kèm đường dẫn để kiểm tra: "),
                        .element("a", [.href("access.jsonl")], [.text("access.jsonl")]), .text("."),
                    ]),
                PageParts.table("Sổ truy cập", columns: ["Thời điểm", "Tài khoản", "Việc", "Về", "Mục"], rows: rows, kind: "access"),
            ])
    }

    private func subjects(_ ids: [String], _ titles: [String: Subject]) -> Markup {
        let named = ids.prefix(Self.subjectLimit).map { id -> Markup in
            if let place = decision.places[id] { return .element("a", [.href("#mc-\(place)")], [.text("MC \(place)")]) }
            if let subject = titles[id] {
                let text = decision.titles.count > 1 ? "\(subject.name) \(subject.place)" : subject.name
                return .element("a", [.href("#danh-hieu-\(subject.place)")], [.text(text)])
            }
            return .element("code", text: id)
        }
        let rest = ids.count - named.count
        return .group([PageParts.joined(named, ", "), .text(rest > 0 ? " và \(rest) đối tượng khác" : "")])
    }
}

/// The trees that everything is in: what to hold against a checkpoint that somebody else has.
struct LedgerSection {
    let decision: DecisionMembers

    var markup: Markup {
        let trees = [("Sổ ghi (records)", decision.whole["checkpoint"]), ("Sổ truy cập (access)", decision.whole["access_checkpoint"])]
        let rows = trees.filter { $0.1.isThere }.map { name, checkpoint -> [Markup] in
            // The origin is archive, epoch and tree with slashes between them.
            let parts = checkpoint["origin"].string?.split(separator: "/", omittingEmptySubsequences: false) ?? []
            return [
                .text(name), PageParts.text(checkpoint["size"].integer.map(Written.grouped)),
                PageParts.text(parts.count == 3 ? String(parts[1]) : nil),
                PageParts.digest(checkpoint["root"]), PageParts.code(checkpoint["origin"]),
            ]
        }
        return PageParts.section(
            "so-ghi", "Sổ ghi của kho lưu trữ",
            [
                .element(
                    "p",
                    text: "Mọi việc nói trên là bản ghi trong một sổ chỉ ghi thêm; điều đã xóa theo quy định vẫn để lại dấu vết. "
                        + "Kích thước và mã gốc dưới đây cố định toàn bộ sổ tại thời điểm lập gói; hãy so với con số mà kho đã "
                        + "công bố ở nơi khác."),
                PageParts.table(
                    "Cây Merkle", columns: ["Sổ", "Số mục", "Kỷ nguyên", "Mã gốc (root)", "Tên gốc (origin)"], rows: rows, kind: "ledger"),
                PageParts.facts([("Kho lưu trữ", PageParts.code(decision.whole["archive"])), ("Tên gói", PageParts.text(decision.bundleName))]),
            ])
    }
}
