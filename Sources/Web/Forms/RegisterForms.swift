public import Custody
public import Evidence
public import Ledger
public import Recognition

// MARK: Criteria sets and rule sets

/// A criteria set or rule set, without what it says.
public func members(_ document: RuleDocument) -> [String: JSON?] {
    [
        "kind": .string(document.kind.rawValue), "code": .string(document.code), "version": .number(document.version),
        "title": .string(document.title), "provisional": .bool(document.isProvisional),
    ]
}

/// The same, and its digest.
public func members(_ rules: ImportedRules) -> [String: JSON?] {
    members(rules.document).merging(["digest": .string(rules.digest.hex)]) { $1 }
}

/// Everything that a rule document says.
public func json(_ tree: RuleTree) -> JSON {
    switch tree {
    case .text(let text): .string(text)
    case .integer(let value): .number(value)
    case .flag(let value): .bool(value)
    case .list(let values): .array(values.map(json))
    case .members(let members): .object(members.mapValues(json))
    }
}

extension Schema {
    private static let rulesMembers: [Member] = [
        .required("kind", .choice(of: RuleDocumentKind.self)), .required("code", .words), .required("version", .count),
        .required("title", .words), .required("provisional", .boolean, "Something in it is in no official text that its author has seen."),
        .required("digest", .digest, "Of its canonical object: what a dossier is bound to."),
    ]
    static let rules = Schema.named("Rules", .object(rulesMembers))
    static let rulesWithDocument = Schema.named("RulesWithDocument", .object(rulesMembers + [.required("document", .anything)]))
}

// MARK: Units

/// What a unit was called, and from when.
public func members(_ name: UnitDeclaration) -> [String: JSON?] {
    [
        "unit": .string(name.unit.text), "name": .string(name.name), "code": .text(name.code), "kind": .string(name.kind.rawValue),
        "parent": .text(name.parent), "from": .text(name.validFrom), "until": .text(name.validUntil), "basis": .text(name.legalBasis),
    ]
}

/// What became of a unit.
public func members(_ link: UnitSuccession) -> [String: JSON?] {
    [
        "from": .string(link.from.text), "to": .text(link.to), "kind": .string(link.kind.rawValue), "whole": .bool(link.isWhole),
        "on": .text(link.effectiveOn), "basis": .text(link.legalBasis),
    ]
}

public func members(_ account: UnitAccount) -> [String: JSON?] {
    [
        "unit": .string(account.id.text), "names": .array(account.names.map { .members(members($0)) }),
        "predecessors": .array(account.predecessors.map { .members(members($0)) }),
        "successors": .array(account.successors.map { .members(members($0)) }),
    ]
}

extension Schema {
    static let unitName = Schema.named(
        "UnitName",
        .object([
            .required("unit", .identifier(UnitID.prefix)), .required("name", .words), .optional("code", .words),
            .required("kind", .choice(of: UnitKind.self)), .optional("parent", .identifier(UnitID.prefix)), .required("from", .date),
            .optional("until", .date), .optional("basis", .words),
        ]))
    static let unitSuccession = Schema.named(
        "UnitSuccession",
        .object([
            .required("from", .identifier(UnitID.prefix)), .optional("to", .identifier(UnitID.prefix)),
            .required("kind", .choice(of: SuccessionKind.self)), .required("whole", .boolean), .required("on", .date), .optional("basis", .words),
        ]))
    static let unit = Schema.named(
        "Unit",
        .object([
            .required("unit", .identifier(UnitID.prefix)), .required("names", .list(.unitName)), .required("predecessors", .list(.unitSuccession)),
            .required("successors", .list(.unitSuccession)),
        ]))
}

// MARK: People

/// A person, without their dossiers and titles.
public func members(_ account: PersonAccount) -> [String: JSON?] {
    [
        "person": .string(account.id.text), "name": .string(account.name), "birth_year": account.birthYear.map(JSON.number),
        "group": .text(account.group), "account": .text(account.account), "unit": .text(account.unit), "number_ending": .text(account.numberEnding),
        "record": .number(account.record),
    ]
}

/// A person's dossiers and titles.
public func links(_ account: PersonAccount) -> [String: JSON?] {
    let dossiers = account.dossiers.map { dossier in
        JSON.object([
            "dossier": .string(dossier.id.text), "cycle": .number(dossier.cycle), "unit": .string(dossier.unit.text),
            "group": .string(dossier.group), "stage": .string(dossier.stage.rawValue),
        ])
    }
    let titles = account.titles.map { title in
        JSON.members([
            "title": .string(title.id.text), "cycle": .number(title.cycle), "unit": .text(title.unit), "honour": .text(title.honour),
            "code": .string(title.code), "issued": .text(title.issuedOn), "revoked": .bool(title.isRevoked),
            "replaced": .bool(title.isReplaced), "record": .number(title.record),
        ])
    }
    return ["dossiers": .array(dossiers), "titles": .array(titles)]
}

extension Schema {
    private static let personMembers: [Member] = [
        .required("person", .identifier(PersonID.prefix)), .required("name", .words), .optional("birth_year", .integer(1800...9999)),
        .optional("group", .words), .optional("account", .account), .optional("unit", .identifier(UnitID.prefix)),
        .optional("number_ending", .words, "The last digits of the personal number."),
        .required("record", .count),
    ]
    static let person = Schema.named("Person", .object(personMembers))
    static let personWithLinks = Schema.named(
        "PersonWithLinks",
        .object(
            personMembers + [
                .required(
                    "dossiers",
                    .list(
                        .object([
                            .required("dossier", .identifier(DossierID.prefix)), .required("cycle", .cycle),
                            .required("unit", .identifier(UnitID.prefix)), .required("group", .words),
                            .required("stage", .choice(of: DossierStage.self)),
                        ]))),
                .required("titles", .list(.object(titleMembers))),
            ]))
    /// Those of a title, beside whose it is.
    static let titleMembers: [Member] = [
        .required("title", .identifier(TitleID.prefix)), .required("cycle", .cycle), .optional("unit", .identifier(UnitID.prefix)),
        .optional("honour", .words), .required("code", .words), .required("issued", .date), .required("revoked", .boolean),
        .required("replaced", .boolean), .required("record", .count),
    ]
}
