/// What a document of the programme's rules is.
public enum RuleDocumentKind: String, Sendable, CaseIterable {
    case criteriaSet = "criteria-set"
    case ruleSet = "rule-set"
}

/// A criteria set or rule set became usable: its canonical object pins every word of it.
public struct RuleImport: Sendable, Equatable {
    public let kind: RuleDocumentKind
    public let code: String
    public let version: Int
    public let object: ObjectDescription

    public init(kind: RuleDocumentKind, code: String, version: Int, object: ObjectDescription) {
        self.kind = kind
        self.code = code
        self.version = version
        self.object = object
    }
}
