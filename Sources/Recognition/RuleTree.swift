public import Evidence

/// A neutral tree of what a rule document says, with which its canonical object is made elsewhere (JSON, integers only).
public indirect enum RuleTree: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case flag(Bool)
    case list([RuleTree])
    case members([String: RuleTree])
}

/// Something in a rule document that is not as it has to be.
public struct RuleMistake: Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// In words for whoever wrote the document.
    public let reason: String

    public var description: String { "line \(line): \(reason)" }
}

/// Why a rule document cannot be used: every mistake, in the order of their lines. Where it is no YAML, or YAML that can be
/// understood in two ways, what it says is not looked at before that is put right.
public struct RuleMistakes: Error, Sendable, CustomStringConvertible {
    /// What the document was called by whoever gave it.
    public let name: String
    /// Never empty.
    public let mistakes: [RuleMistake]

    public var description: String {
        "cannot read the rule document \"\(name)\": " + mistakes.map(\.description).joined(separator: "; ")
    }
}

/// A criteria set or a rule set, as it is imported.
public enum RuleDocument: Sendable, Equatable {
    case criteriaSet(CriteriaSet)
    case ruleSet(RuleSet)

    /// Reads a YAML document. The canonical JSON of a ``tree`` is YAML too, and reads back as an equal document.
    ///
    /// - Parameter name: what to call the document in a message, such as its file name.
    public init(reading text: String, name: String) throws(RuleMistakes) {
        var yaml = RuleText()
        let reader = RuleReader()
        let root = yaml.root(of: text)
        let document = root.flatMap { Self.document($0, reader) }
        let mistakes = (yaml.mistakes + reader.mistakes).sorted { ($0.line, $0.reason) < ($1.line, $1.reason) }
        guard let document, mistakes.isEmpty else { throw RuleMistakes(name: name, mistakes: mistakes) }
        self = document
    }

    private static func document(_ root: RuleNode, _ reader: RuleReader) -> RuleDocument? {
        guard let members = reader.members(root, "the document") else { return nil }
        // Without a kind nobody knows which members there may be.
        guard let kind = members.first(where: { $0.key == "kind" }) else {
            reader.note(root.line, "the document lacks \"kind\": criteria-set or rule-set")
            return nil
        }
        guard let kind = reader.choice(kind.value, kind.key, of: RuleDocumentKind.allCases) else { return nil }
        return reader.fields(root, "the document") { fields in
            _ = fields.required("kind", reader.text)
            let head = RuleHead(fields)
            switch kind {
            case .criteriaSet: return CriteriaSet(fields, head, tree: root.tree).map { .criteriaSet($0) }
            case .ruleSet: return RuleSet(fields, head, tree: root.tree).map { .ruleSet($0) }
            }
        }
    }

    public var kind: RuleDocumentKind {
        switch self {
        case .criteriaSet: .criteriaSet
        case .ruleSet: .ruleSet
        }
    }

    public var code: String {
        switch self {
        case .criteriaSet(let set): set.code
        case .ruleSet(let set): set.code
        }
    }

    public var version: Int {
        switch self {
        case .criteriaSet(let set): set.version
        case .ruleSet(let set): set.version
        }
    }

    public var title: String {
        switch self {
        case .criteriaSet(let set): set.title
        case .ruleSet(let set): set.title
        }
    }

    /// Whether something in it is provisional.
    public var isProvisional: Bool {
        switch self {
        case .criteriaSet(let set): set.isProvisional
        case .ruleSet(let set): set.isProvisional
        }
    }

    /// Everything that the document says, also its sources and quotes; comments and layout are not in it.
    public var tree: RuleTree {
        switch self {
        case .criteriaSet(let set): set.tree
        case .ruleSet(let set): set.tree
        }
    }
}
