public import Evidence
internal import Foundation
internal import GRDB
internal import VietnameseText

/// A person as the views have them.
public struct PersonView: Sendable {
    public let key: Int64
    public let id: PersonID
    public let record: Int
    public let name: String
    public let birthYear: Int?
    public let group: String?
    public let account: String?
    /// Whose officers keep the registration.
    public let unit: UnitID?
    /// The last three digits of the personal number.
    public let numberEnding: String?
    /// The record that erased what was personal.
    public let erasedRecord: Int?
}

/// What a unit is called, from a day on.
public struct UnitView: Sendable {
    public let declaration: UnitDeclaration
    public let record: Int
}

/// A link of the graph of units.
public struct SuccessionView: Sendable {
    public let succession: UnitSuccession
    public let record: Int
}

extension Catalog {
    private static func personView(_ row: Row) throws -> PersonView {
        PersonView(
            key: row["key"], id: try ViewReader(row: row, view: "person").id("id"), record: row["record"], name: row["name"],
            birthYear: row["birth_year"], group: row["subject_group"], account: row["account"],
            unit: try ViewReader(row: row, view: "person").optionalID("unit"), numberEnding: row["number_ending"],
            erasedRecord: row["erased_record"])
    }

    /// The person of this id, `nil` when there is none.
    public func person(_ id: PersonID) throws(CatalogError) -> PersonView? {
        try perform("find person \(id)") {
            try look { db in try db.first("SELECT * FROM person WHERE id = ?", [id.text]).map(Self.personView) }
        }
    }

    /// The people with this personal number: one, unless two were declared before they were known to be one.
    public func people(numbered mac: Digest) throws(CatalogError) -> [PersonView] {
        try perform("look for a personal number") {
            try look { db in
                try db.rows("SELECT * FROM person WHERE number_mac = ? ORDER BY key", [mac.hex]).map(Self.personView)
            }
        }
    }

    /// The people with this account: one, or none.
    public func people(account: String) throws(CatalogError) -> [PersonView] {
        try perform("look for account \(account)") {
            try look { db in
                try db.rows("SELECT * FROM person WHERE account = ? ORDER BY key", [account]).map(Self.personView)
            }
        }
    }

    /// The people of this name, without regard to case and diacritics, and year of birth.
    public func people(named name: String, born year: Int?) throws(CatalogError) -> [PersonView] {
        try perform("look for a person") {
            try look { db in
                try db.rows(
                    "SELECT * FROM person WHERE name_folded = ? AND birth_year IS ? ORDER BY key", [SearchForm.folded(name), year]
                ).map(Self.personView)
            }
        }
    }

    /// The people within reach whose name begins so, without regard to case and diacritics, by name; at most `limit`.
    public func people(nameBeginning text: String, within reach: Reach, limit: Int) throws(CatalogError) -> [PersonView] {
        let first = SearchForm.folded(text)
        return try perform("look for people") {
            try look { db in
                try db.rows(
                    """
                    SELECT * FROM person WHERE name_folded >= ? AND name_folded < ?\(reach.personKeys) ORDER BY name_folded, key LIMIT ?
                    """, [first, first + "\u{10FFFF}"] + reach.arguments + [limit]
                ).map(Self.personView)
            }
        }
    }

    /// Where the ids of a kind are found: table and column.
    private static func idColumn(_ prefix: String, within reach: Reach) -> (table: String, column: String, condition: String)? {
        switch prefix {
        case PersonID.prefix: ("person", "id", reach.person)
        // What there is of units everybody may know.
        case UnitID.prefix: ("unit", "id", "")
        case DossierID.prefix: ("dossier", "id", reach.dossier)
        case CitationID.prefix: ("citation", "id", reach.citation)
        case DecisionID.prefix: ("decision", "decision", reach.decision)
        case TitleID.prefix: ("decision", "title", reach.decision)
        case GrantID.prefix: ("role_grant", "id", "")
        default: nil
        }
    }

    /// The ids of a kind within reach that begin with `prefix`, at most `limit`.
    public func ids<ID: OpaqueIdentifier>(_: ID.Type, prefix: String, within reach: Reach, limit: Int) throws(CatalogError) -> [ID] {
        guard let (table, column, condition) = Self.idColumn(ID.prefix, within: reach) else { return [] }
        return try perform("find \(prefix)") {
            try look { db in
                // '~' sorts behind every character of an id, so the range is one walk of the index.
                try db.rows(
                    """
                    SELECT DISTINCT \(column) AS id FROM \(table) WHERE \(column) >= ? AND \(column) < ?\(condition) ORDER BY 1 LIMIT ?
                    """, [prefix, prefix + "~"] + (condition.isEmpty ? [] : reach.arguments) + [limit]
                ).compactMap { ID($0["id"] as String) }
            }
        }
    }

    /// People within reach after the one with key `after`, in the order of registration.
    public func people(after key: Int64, within reach: Reach, limit: Int) throws(CatalogError) -> [PersonView] {
        try perform("list people") {
            try look { db in
                try db.rows(
                    "SELECT * FROM person WHERE key > ?\(reach.personKeys) ORDER BY key LIMIT ?", [key] + reach.arguments + [limit]
                ).map(Self.personView)
            }
        }
    }

    // MARK: Units

    private static func unitView(_ row: Row) throws -> UnitView {
        let reader = ViewReader(row: row, view: "unit")
        return UnitView(
            declaration: UnitDeclaration(
                unit: try reader.id("id"), name: row["name"], code: row["code"], kind: try reader.choice("kind"),
                parent: try reader.optionalID("parent"), validFrom: try reader.value("valid_from") { CalendarDate($0) },
                validUntil: try reader.optional("valid_until") { CalendarDate($0) }, legalBasis: row["legal_basis"]),
            record: row["record"])
    }

    /// All that a unit was called, by the day from which it was.
    public func unit(_ id: UnitID) throws(CatalogError) -> [UnitView] {
        try perform("find unit \(id)") {
            try look { db in
                try db.rows("SELECT * FROM unit WHERE id = ? ORDER BY valid_from, record", [id.text]).map(Self.unitView)
            }
        }
    }

    /// The units that had this code, whenever.
    public func units(code: String) throws(CatalogError) -> [UnitView] {
        try perform("find the units of code \(code)") {
            try look { db in
                try db.rows("SELECT * FROM unit WHERE code = ? ORDER BY valid_from, record", [code]).map(Self.unitView)
            }
        }
    }

    /// Names of units after the one given, in the order of their ids.
    public func units(after id: String, limit: Int) throws(CatalogError) -> [UnitView] {
        try perform("list units") {
            try look { db in
                try db.rows("SELECT * FROM unit WHERE id > ? ORDER BY id, valid_from, record LIMIT ?", [id, limit]).map(Self.unitView)
            }
        }
    }

    /// What a unit became (`isForward`), or what became it.
    public func successions(_ unit: UnitID, isForward: Bool) throws(CatalogError) -> [SuccessionView] {
        try perform("find what became of unit \(unit)") {
            try look { db in
                try db.rows(
                    "SELECT * FROM unit_succession WHERE \(isForward ? "from_unit" : "to_unit") = ? ORDER BY record", [unit.text]
                ).map { row in
                    let reader = ViewReader(row: row, view: "unit_succession")
                    return SuccessionView(
                        succession: UnitSuccession(
                            from: try reader.id("from_unit"), to: try reader.optionalID("to_unit"), kind: try reader.choice("kind"),
                            isWhole: row["is_whole"], effectiveOn: try reader.value("effective_on") { CalendarDate($0) },
                            legalBasis: row["legal_basis"]),
                        record: row["record"])
                }
            }
        }
    }

    // MARK: Rule documents

    private static func ruleImport(_ row: Row) throws -> RuleImport {
        let reader = ViewReader(row: row, view: "rule_document")
        return RuleImport(
            kind: try reader.choice("kind"), code: row["code"], version: row["version"],
            object: ObjectDescription(
                digest: try reader.value("object") { Digest(hex: $0) }, size: row["size"],
                pieceListDigest: try reader.value("piece_list_digest") { Digest(hex: $0) }))
    }

    /// The rule documents of a code, all versions, oldest first; of all codes where none is given.
    public func ruleDocuments(code: String? = nil) throws(CatalogError) -> [RuleImport] {
        try perform("list rule documents") {
            try look { db in
                let condition = code == nil ? "" : "WHERE code = ?"
                return try db.rows(
                    """
                    SELECT rule_document.*, size, piece_list_digest FROM rule_document
                    JOIN object ON object.digest = rule_document.object \(condition) ORDER BY code, version, record
                    """, code.map { [$0] } ?? []
                ).map(Self.ruleImport)
            }
        }
    }

    /// The rule document whose canonical object this is, `nil` when there is none.
    public func ruleDocument(_ object: Digest) throws(CatalogError) -> RuleImport? {
        try perform("find rule document \(object)") {
            try look { db in
                try db.first(
                    """
                    SELECT rule_document.*, size, piece_list_digest FROM rule_document
                    JOIN object ON object.digest = rule_document.object WHERE rule_document.object = ?
                    """, [object.hex]
                ).map(Self.ruleImport)
            }
        }
    }

    // MARK: A person's items

    /// The items within reach that are declared as this person's, oldest first.
    public func items(of person: PersonID, within reach: Reach = .everything) throws(CatalogError) -> [ItemView] {
        try perform("find the items of \(person)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.person = ?\(reach.item()) ORDER BY item.key", [person.text] + reach.arguments
                ).map(Self.itemView)
            }
        }
    }

    /// Items with this document number and notation, oldest first, at most `limit`.
    public func items(codeNumber: String, codeNotation: String?, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("find items numbered \(codeNumber)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.code_number = ? AND item.code_notation IS ? ORDER BY item.key LIMIT ?",
                    [codeNumber, codeNotation, limit]
                ).map(Self.itemView)
            }
        }
    }
}
