internal import ArgumentParser
internal import Custody
internal import Evidence

/// What is declared about evidence, as options; empty means not declared.
struct MetadataOptions: ParsableArguments {
    @Option(help: "The title.")
    var title: String?
    @Option(help: "One of: \(EvidenceKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String?
    @Option(help: "Who issued it (cơ quan ban hành).")
    var issuer: String?
    @Option(help: "The document number (số), e.g. 677.")
    var number: String?
    @Option(help: "The notation (ký hiệu), e.g. QĐ-TTg.")
    var notation: String?
    @Option(help: "What it is about (trích yếu).")
    var subject: String?
    @Option(help: "When it was issued: 2026-11-21 or 21/11/2026.")
    var issued: String?
    @Option(help: "From when it is valid.")
    var validFrom: String?
    @Option(help: "Until when it is valid.")
    var validUntil: String?
    @Option(help: "Whose proof it is, as a name.")
    var holder: String?
    @Option(help: "Whose proof it is, as a registered person: the whole id, pe-….")
    var person: String?
    @Option(help: "The language, e.g. vi.")
    var language: String?
    @Option(help: "How it was assured, one of: \(AssuranceLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
    var assurance: String?

    /// These options with the fields of a table's row over them.
    func overridden(by fields: [String: String]) -> MetadataOptions {
        var options = self
        func take(_ name: String, _ option: WritableKeyPath<MetadataOptions, String?>) {
            if let value = fields[name], !value.isEmpty { options[keyPath: option] = value }
        }
        take("title", \.title)
        take("kind", \.kind)
        take("issuer", \.issuer)
        take("number", \.number)
        take("notation", \.notation)
        take("subject", \.subject)
        take("issued", \.issued)
        take("valid-from", \.validFrom)
        take("valid-until", \.validUntil)
        take("holder", \.holder)
        take("person", \.person)
        take("language", \.language)
        take("assurance", \.assurance)
        return options
    }

    /// The metadata that the options declare, over `base`.
    /// - Throws: ``Failure`` that names the option, its value and what it may be.
    func metadata(over base: EvidenceMetadata = EvidenceMetadata()) throws -> EvidenceMetadata {
        var metadata = base
        func set(_ value: String?, _ field: WritableKeyPath<EvidenceMetadata, String?>) throws {
            guard let value else { return }
            guard RawArguments.isUTF8(value) else { throw Failure("cannot take the metadata: an option is not UTF-8") }
            metadata[keyPath: field] = value.isEmpty ? nil : value
        }
        try set(title, \.title)
        try set(issuer, \.issuer)
        try set(number, \.codeNumber)
        try set(notation, \.codeNotation)
        try set(subject, \.subject)
        try set(holder, \.holder)
        try set(language, \.language)
        if let kind { metadata.kind = try choice(kind, "kind", EvidenceKind.self) }
        if let person { metadata.person = person.isEmpty ? nil : try personID(person) }
        if let assurance { metadata.assurance = try choice(assurance, "assurance", AssuranceLevel.self) }
        func set(_ value: String?, _ name: String, _ field: WritableKeyPath<EvidenceMetadata, CalendarDate?>) throws {
            if let value { metadata[keyPath: field] = value.isEmpty ? nil : try date(value, name) }
        }
        try set(issued, "issued", \.issuedOn)
        try set(validFrom, "valid-from", \.validFrom)
        try set(validUntil, "valid-until", \.validUntil)
        return metadata
    }
}

/// What an option says; `nil` when it is not given, or empty.
/// - Throws: ``Failure`` when it is not UTF-8.
func optionText(_ value: String?, _ name: String) throws -> String? {
    guard value.map(RawArguments.isUTF8) ?? true else { throw Failure("cannot take --\(name): it is not UTF-8") }
    return value?.nonEmpty
}

private func personID(_ text: String) throws -> PersonID {
    guard let id = PersonID(text) else {
        // Somebody may have put a personal number here, which no message shows.
        throw Failure("cannot take the person: it is the whole id of a registered person, such as pe-7h2k9q4m1c8r5t0w")
    }
    return id
}

/// One of the cases by its written name.
func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: String, _ name: String, _: Choice.Type
) throws -> Choice {
    guard let choice = Choice(rawValue: text.lowercased()) else {
        throw Failure(
            "cannot take \(name) \"\(text)\": it is one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
}

func date(_ text: String, _ name: String) throws -> CalendarDate {
    guard let date = CalendarDate(text) else {
        throw Failure("cannot take \(name) \"\(text)\": there is no such day; write 2026-11-21 or 21/11/2026")
    }
    return date
}
