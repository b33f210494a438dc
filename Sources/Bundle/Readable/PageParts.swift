internal import Evidence
internal import Recognition

/// What the sections of the page are put together from.
enum PageParts {
    /// Rows of name and value; those without a value are left out.
    static func facts(_ rows: [(name: String, value: Markup)]) -> Markup {
        let shown = rows.filter { !$0.value.isEmpty }
        if shown.isEmpty { return .nothing }
        return .element(
            "dl", [],
            shown.map { row in .element("div", [], [.element("dt", text: row.name), .element("dd", [], [row.value])]) })
    }

    /// A table with a caption; `nothing` where it has no rows. The first cell of a row is its header.
    static func table(_ caption: String, columns: [String], rows: [[Markup]], kind: String = "") -> Markup {
        table(caption, columns: columns, count: rows.count, kind: kind) { rows[$0] }
    }

    /// The same of many rows, each made when it is written.
    static func table(
        _ caption: String, columns: [String], count: Int, kind: String = "", row: @escaping @Sendable (_ index: Int) -> [Markup]
    ) -> Markup {
        if count == 0 { return .nothing }
        let head = Markup.element("tr", [], columns.map { .element("th", [.scope("col")], [.text($0)]) })
        let body = Markup.each(count) { place in
            .element(
                "tr", [],
                row(place).enumerated().map { index, cell in
                    // The column's name again: on a narrow screen each row is a card, and its cells are named there.
                    let label = Markup.Attribute(name: "data-label", value: index < columns.count ? columns[index] : "")
                    return index == 0 ? .element("th", [.scope("row"), label], [cell]) : .element("td", [label], [cell])
                })
        }
        let attributes: [Markup.Attribute] = kind.isEmpty ? [] : [.class(kind)]
        return .element(
            "table", attributes, [.element("caption", text: caption), .element("thead", [], [head]), .element("tbody", [], [body])])
    }

    static func section(_ id: String, _ heading: String, _ content: [Markup]) -> Markup {
        if content.allSatisfy(\.isEmpty) { return .nothing }
        return .element("section", [.id(id)], [.element("h2", text: heading)] + content)
    }

    static func subsection(_ heading: String, _ content: [Markup]) -> Markup {
        if content.allSatisfy(\.isEmpty) { return .nothing }
        return .group([.element("h3", text: heading)] + content)
    }

    static func quoted(_ member: Member) -> Markup { member.string.map(Markup.quoted) ?? .nothing }

    static func text(_ text: String?) -> Markup { text.map(Markup.text) ?? .nothing }

    /// Parts that are not empty, with `separator` between them.
    static func joined(_ parts: [Markup], _ separator: String) -> Markup {
        let shown = parts.filter { !$0.isEmpty }
        return .group(shown.enumerated().flatMap { index, part in index == 0 ? [part] : [.text(separator), part] })
    }

    static func lines(_ parts: [Markup]) -> Markup {
        let shown = parts.filter { !$0.isEmpty }
        return .group(shown.enumerated().flatMap { index, part in index == 0 ? [part] : [.element("br", [], []), part] })
    }

    /// A day as people write it; what is none, as it is.
    static func day(_ member: Member) -> Markup { member.day.map { .text(Written.day($0)) } ?? quoted(member) }

    /// A moment in Việt Nam, with that in UTC for whoever points at it; what is none, as it is.
    static func time(_ member: Member) -> Markup {
        guard let time = member.time else { return quoted(member) }
        let exact = [Markup.Attribute(name: "datetime", value: "\(time)"), Markup.Attribute(name: "title", value: "UTC: \(time)")]
        return .element("time", exact, [.text(Written.time(time))])
    }

    /// The number of a record, with its file.
    static func record(_ member: Member) -> Markup {
        guard let number = member.recordNumber else { return .nothing }
        return .element("a", [.href("records/\(fileNumber(number)).json")], [.text("số \(number)")])
    }

    static func fileNumber(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
    }

    static func account(_ member: Member) -> Markup { member.string.map { .element("code", text: $0) } ?? .nothing }

    static func role(_ member: Member) -> Markup { text(member.string.map { word(Role.self, $0, Words.role) }) }

    static func code(_ member: Member) -> Markup { member.string.map { .element("code", text: $0) } ?? .nothing }

    /// A digest in groups, so that two people can compare it.
    static func digest(_ member: Member) -> Markup { member.string.map { .element("code", [.class("digest")], [.text($0)]) } ?? .nothing }

    static func badge(_ kind: String, _ text: String) -> Markup { .element("strong", [.class("badge \(kind)")], [.text(text)]) }

    /// `125/QĐ-UBND`.
    static func codeText(_ document: Member) -> String? {
        let parts = [document["code_number"].string, document["code_notation"].string].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    /// Rows about a decision document.
    static func document(_ document: Member, _ decision: DecisionMembers) -> [(name: String, value: Markup)] {
        [
            ("Số, ký hiệu", codeText(document).map(Markup.quoted) ?? .nothing), ("Ngày ban hành", day(document["issued_on"])),
            ("Cơ quan ban hành", quoted(document["authority"])), ("Người ký", quoted(document["signer"])),
            ("Bản chụp quyết định", item(document["scan"], decision)),
        ]
    }

    /// An item that is named elsewhere: its number on this page and its title.
    static func item(_ reference: Member, _ decision: DecisionMembers) -> Markup {
        guard let id = reference["item"].string else { return .nothing }
        guard let place = decision.places[id] else { return .element("code", text: id) }
        return .group([.element("a", [.href("#mc-\(place)")], [.text("MC \(place)")]), .text(" "), .quoted(name(of: decision.evidence[place - 1]))])
    }

    static func name(of item: Member) -> String {
        let metadata = item["metadata"]
        if let title = metadata["title"].string { return title }
        if item["erased"].isThere || !metadata.isThere { return "(không còn thông tin)" }
        return metadata["subject"].string ?? metadata["file_name"].string ?? "(không có tên)"
    }

    /// The file of an item: a link where it is enclosed, and otherwise why it is not.
    static func file(of item: Member, _ decision: DecisionMembers) -> Markup {
        let object = item["object"]
        switch decision.file(object.string)["state"].string {
        case "enclosed":
            guard let digest = object.digest else { return .nothing }
            var attributes = [Markup.Attribute.href("evidence/\(digest.hex)")]
            if let name = item["metadata"]["file_name"].string.flatMap(VisibleText.fileName) {
                attributes.append(Markup.Attribute(name: "download", value: name))
            }
            return .element("a", attributes, [.text("Mở tệp")])
        case "withheld": return badge("withheld", "Không kèm theo")
        case "erased": return badge("erased", "Đã xóa")
        case let state?: return .quoted(state)
        case nil: return .nothing
        }
    }
}
