public import Evidence

/// Where a value of the rules is from.
public struct Provenance: Sendable, Equatable {
    /// Of the source document.
    public let title: String
    /// Its number and notation, `244/QĐ-KHVN`.
    public let codeText: String?
    public let issuer: String
    public let issuedOn: CalendarDate?
    /// Where in the document: `II.2.b`.
    public let place: String?
    /// The words of the document, never ours.
    public let quote: String?
    /// Whether no official text that we have seen says so.
    public let isProvisional: Bool
    /// The first day of the value, of the whole document where the value has none of its own.
    public let effectiveFrom: CalendarDate?
    /// The last day.
    public let effectiveUntil: CalendarDate?

    /// One line for people: `Kế hoạch 428/KH-UBND, UBND tỉnh Lạng Sơn, 2022-07-30, II.2: “từ 80 điểm trở lên”`.
    public var citation: String {
        var parts = [title]
        // Many titles hold their number already.
        if let codeText, !title.contains(codeText) { parts.append(codeText) }
        parts.append(issuer)
        if let issuedOn { parts.append(issuedOn.description) }
        if let place { parts.append(place) }
        return parts.joined(separator: ", ") + (quote.map { ": “\($0)”" } ?? "") + (isProvisional ? " (provisional)" : "")
    }
}

/// A value of the rules, with where it is from.
public struct Ruled<Value: Sendable & Equatable>: Sendable, Equatable {
    public let value: Value
    public let provenance: Provenance
}

/// A document that values are from.
struct RuleSource {
    let title: String
    let codeText: String?
    let issuer: String
    let issuedOn: CalendarDate?
}

/// From when until when something holds; both days belong to it.
struct RulePeriod {
    var from: CalendarDate?
    var until: CalendarDate?
}

/// What every rule document begins with.
struct RuleHead {
    let code: String?
    let version: Int?
    let title: String?
    let period: RulePeriod
    /// By their ids; `nil` for a source with mistakes of its own.
    let sources: [String: RuleSource?]

    init(_ fields: RuleFields) {
        let reader = fields.reader
        code = fields.required("code", reader.code)
        version = fields.required("version") { reader.integer($0, $1, in: 1...9999) }
        title = fields.required("title", reader.text)
        period = fields.optional("effective", reader.period) ?? RulePeriod()
        sources = fields.required("sources", reader.sources) ?? [:]
    }
}

extension RuleReader {
    func period(_ node: RuleNode, _ name: String) -> RulePeriod? {
        fields(node, "\"\(name)\"") { fields in
            let period = RulePeriod(from: fields.optional("from", date), until: fields.optional("until", date))
            if let from = period.from, let until = period.until, until < from {
                note(fields.line(of: "until"), "\"\(name)\" ends on \(until), before it begins on \(from)")
            }
            if !fields.has("from"), !fields.has("until") { note(node.line, "\"\(name)\" needs \"from\" or \"until\"") }
            return period
        }
    }

    fileprivate func sources(_ node: RuleNode, _ name: String) -> [String: RuleSource?]? {
        guard let members = members(node, "\"\(name)\"") else { return nil }
        if members.isEmpty { note(node.line, "\"\(name)\" is empty: every value needs its source") }
        var sources: [String: RuleSource?] = [:]
        for member in members {
            _ = code(RuleNode(line: member.line, content: .text(member.key)), "the id of a source")
            let source = fields(member.value, "the source \"\(member.key)\"") { fields -> RuleSource? in
                let title = fields.required("title", text)
                let codeText = fields.optional("number", text)
                let issuer = fields.required("issuer", text)
                let issuedOn = fields.optional("date", date)
                guard let title, let issuer else { return nil }
                return RuleSource(title: title, codeText: codeText, issuer: issuer, issuedOn: issuedOn)
            }
            sources.updateValue(source, forKey: member.key)
        }
        return sources
    }

    /// Reads the members that say where a value is from.
    func provenance(_ fields: RuleFields, _ head: RuleHead) -> Provenance? {
        let source = fields.required("source") { node, name -> RuleSource? in
            guard let id = code(node, name) else { return nil }
            if let source = head.sources[id] { return source }
            // Of a document without sources one mistake says it.
            if head.sources.isEmpty { return nil }
            let nearest = RuleReader.nearest(to: id, among: head.sources.keys.sorted())
            note(node.line, "\"sources\" has no \"\(id)\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? ""))
            return nil
        }
        let place = fields.optional("place", text)
        let quote = fields.optional("quote", text)
        let isProvisional = fields.has("provisional") ? fields.optional("provisional", flag) : false
        if !fields.has("quote"), isProvisional == false {
            note(fields.line, "\(fields.name) has no quote: give the words of the source, or write \"provisional: true\"")
        }
        let period = fields.optional("effective") { node, name -> RulePeriod? in
            guard let own = self.period(node, name) else { return nil }
            if let first = head.period.from, let from = own.from, from < first {
                note(node.line, "\"\(name)\" begins on \(from), before the whole document on \(first)")
            }
            if let last = head.period.until, let until = own.until, last < until {
                note(node.line, "\"\(name)\" ends on \(until), after the whole document on \(last)")
            }
            return own
        }
        guard let source, let isProvisional else { return nil }
        return Provenance(
            title: source.title, codeText: source.codeText, issuer: source.issuer, issuedOn: source.issuedOn, place: place, quote: quote,
            isProvisional: isProvisional, effectiveFrom: period?.from ?? head.period.from, effectiveUntil: period?.until ?? head.period.until)
    }

    /// Reads a value with where it is from.
    func ruled<Value>(
        _ node: RuleNode, _ name: String, _ head: RuleHead, _ read: (RuleNode, String) -> Value?
    ) -> Ruled<Value>? {
        fields(node, "\"\(name)\"") { fields in
            let value = fields.required("value") { node, _ in read(node, name) }
            let provenance = provenance(fields, head)
            guard let value, let provenance else { return nil }
            return Ruled(value: value, provenance: provenance)
        }
    }
}
