public import Evidence

/// A criteria set (bộ tiêu chí): competencies with indicators, worded for each subject group.
public struct CriteriaSet: Sendable, Equatable {
    public let code: String
    public let version: Int
    public let title: String
    /// Whether an indicator is provisional.
    public let isProvisional: Bool
    public let effectiveFrom: CalendarDate?
    public let effectiveUntil: CalendarDate?
    /// At least one.
    public let groups: [SubjectGroup]
    /// At least one, each with at least one indicator.
    public let competencies: [Competency]
    /// Everything that the document says.
    public let tree: RuleTree

    /// In the order of the document.
    public var indicators: [Indicator] { competencies.flatMap(\.indicators) }

    /// `nil` when there is no such indicator.
    public func indicator(_ code: IndicatorCode) -> Indicator? { indicators.first { $0.code == code } }
}

/// A subject group (nhóm đối tượng).
public struct SubjectGroup: Sendable, Equatable {
    public let code: String
    public let name: String
}

/// A core competency (năng lực cốt lõi).
public struct Competency: Sendable, Equatable {
    /// A capital letter, with which the codes of its indicators begin.
    public let code: String
    public let name: String
    public let indicators: [Indicator]
}

/// An indicator (chỉ số đánh giá).
public struct Indicator: Sendable, Equatable {
    public let code: IndicatorCode
    public let name: String
    /// By the code of the subject group; every group has one, the name where the document words it no other way.
    public let wording: [String: String]
    /// Whether it can be measured (chỉ số có thể định lượng), so that it may need evidence.
    public let isQuantifiable: Bool
    public let maximum: Points
    public let provenance: Provenance
}

// MARK: Reading

extension CriteriaSet {
    /// `nil` when the reader noted a mistake.
    init?(_ fields: RuleFields, _ head: RuleHead, tree: RuleTree) {
        let reader = fields.reader
        let groups = fields.required("groups") { node, name in
            reader.list(node, name) { SubjectGroup($0, reader) }
        }
        reader.noteTwice(groups?.map(\.code) ?? [], "the subject group", fields.line(of: "groups"))
        let competencies = fields.required("competencies") { node, name in
            reader.list(node, name) { Competency($0, reader, head, groups: groups?.map(\.code)) }
        }
        reader.noteTwice(competencies?.map(\.code) ?? [], "the competency", fields.line(of: "competencies"))
        guard let code = head.code, let version = head.version, let title = head.title, let groups, let competencies, reader.mistakes.isEmpty
        else { return nil }
        self.init(
            code: code, version: version, title: title,
            isProvisional: competencies.contains { $0.indicators.contains(where: \.provenance.isProvisional) },
            effectiveFrom: head.period.from, effectiveUntil: head.period.until, groups: groups, competencies: competencies, tree: tree)
    }
}

extension SubjectGroup {
    fileprivate init?(_ node: RuleNode, _ reader: RuleReader) {
        let group = reader.fields(node, "a subject group") { fields -> SubjectGroup? in
            let code = fields.required("code", reader.code)
            let name = fields.required("name", reader.text)
            guard let code, let name else { return nil }
            return SubjectGroup(code: code, name: name)
        }
        guard let group else { return nil }
        self = group
    }
}

extension Competency {
    fileprivate init?(_ node: RuleNode, _ reader: RuleReader, _ head: RuleHead, groups: [String]?) {
        let competency = reader.fields(node, "a competency") { fields -> Competency? in
            let code = fields.required("code") { node, name -> String? in
                guard case .text(let text) = node.content, IndicatorCode(text + "1") != nil, text.utf8.count == 1 else {
                    reader.note(node.line, "\"\(name)\" of a competency must be a capital letter from A to Z, not \(node.shown)")
                    return nil
                }
                return text
            }
            let name = fields.required("name", reader.text)
            let indicators = fields.required("indicators") { node, name -> [Indicator]? in
                var seen: Set<IndicatorCode> = []
                return reader.list(node, name) { node in
                    guard let indicator = Indicator(node, reader, head, competency: code, groups: groups) else { return nil }
                    if !seen.insert(indicator.code).inserted { reader.note(node.line, "the indicator \(indicator.code) is there twice") }
                    return indicator
                }
            }
            guard let code, let name, let indicators else { return nil }
            return Competency(code: code, name: name, indicators: indicators)
        }
        guard let competency else { return nil }
        self = competency
    }
}

extension Indicator {
    fileprivate init?(_ node: RuleNode, _ reader: RuleReader, _ head: RuleHead, competency: String?, groups: [String]?) {
        let indicator = reader.fields(node, "an indicator") { fields -> Indicator? in
            let code = fields.required("code") { node, name -> IndicatorCode? in
                guard case .text(let text) = node.content, let code = IndicatorCode(text) else {
                    reader.note(node.line, "\"\(name)\" of an indicator must be a letter and a number such as B2, not \(node.shown)")
                    return nil
                }
                if let competency, !text.hasPrefix(competency) {
                    reader.note(node.line, "the indicator \(text) is in the competency \(competency), whose codes begin with \(competency)")
                }
                return code
            }
            let name = fields.required("name", reader.text)
            let isQuantifiable = fields.required("quantifiable", reader.flag)
            let maximum = fields.required("maximum") { node, name -> Points? in
                guard let points = reader.points(node, name) else { return nil }
                if points == .zero { reader.note(node.line, "\"\(name)\" must be more than 0") }
                return points
            }
            let wording = fields.optional("wording") { Self.wording($0, $1, reader, groups: groups) } ?? [:]
            let provenance = reader.provenance(fields, head)
            guard let code, let name, let isQuantifiable, let maximum, let provenance else { return nil }
            let names = Dictionary((groups ?? []).map { ($0, name) }) { first, _ in first }
            return Indicator(
                code: code, name: name, wording: names.merging(wording) { $1 }, isQuantifiable: isQuantifiable, maximum: maximum,
                provenance: provenance)
        }
        guard let indicator else { return nil }
        self = indicator
    }

    private static func wording(_ node: RuleNode, _ name: String, _ reader: RuleReader, groups: [String]?) -> [String: String]? {
        var wording: [String: String] = [:]
        for member in reader.members(node, "\"\(name)\"") ?? [] {
            if let groups, !groups.contains(member.key) {
                let nearest = RuleReader.nearest(to: member.key, among: groups)
                reader.note(
                    member.line,
                    "\"groups\" has no \"\(member.key.prefix(40))\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? ""))
            }
            wording[member.key] = reader.text(member.value, member.key)
        }
        return wording
    }
}

extension RuleReader {
    fileprivate func noteTwice(_ codes: [String], _ what: String, _ line: Int) {
        var seen: Set<String> = []
        for code in codes where !seen.insert(code).inserted { note(line, "\(what) \"\(code)\" is there twice") }
    }
}
