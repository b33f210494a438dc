public import Evidence
internal import Foundation
internal import GRDB

/// A decision about one person as the views have it.
public struct DecisionView: Sendable {
    public let record: Int
    /// The document.
    public let decision: DecisionID
    /// `nil` for an honour.
    public let dossier: DossierID?
    public let person: PersonID
    /// Of an honour: the last year.
    public let cycle: Int
    public let unit: UnitID?
    /// What was given; `nil` when it was refused.
    public let title: TitleID?
    /// The name of the honour.
    public let honour: String?
    public let codeNumber: String
    public let codeNotation: String
    public let issuedOn: CalendarDate
    public let revokedRecord: Int?
    /// A later decision about the same dossier.
    public let replacedRecord: Int?

    /// Whether what it gave holds.
    public var stands: Bool { title != nil && revokedRecord == nil && replacedRecord == nil }
}

extension Catalog {
    private static func decisionView(_ row: Row) throws -> DecisionView {
        let reader = ViewReader(row: row, view: "decision")
        return DecisionView(
            record: row["record"], decision: try reader.id("decision"), dossier: try reader.optionalID("dossier"),
            person: try reader.id("person"), cycle: row["cycle"], unit: try reader.optionalID("unit"),
            title: try reader.optionalID("title"), honour: row["honour"], codeNumber: row["code_number"],
            codeNotation: row["code_notation"], issuedOn: try reader.value("issued_on") { CalendarDate($0) },
            revokedRecord: row["revoked_record"], replacedRecord: row["replaced_record"])
    }

    /// The decision that gave this title or honour, `nil` when there is none.
    public func decision(giving title: TitleID) throws(CatalogError) -> DecisionView? {
        try perform("find title \(title)") {
            try look { db in try db.first("SELECT * FROM decision WHERE title = ?", [title.text]).map(Self.decisionView) }
        }
    }

    /// What was decided about a person, by cycle.
    public func decisions(about person: PersonID) throws(CatalogError) -> [DecisionView] {
        try perform("find what was decided about \(person)") {
            try look { db in
                try db.rows("SELECT * FROM decision WHERE person = ? ORDER BY cycle, record", [person.text]).map(Self.decisionView)
            }
        }
    }

    /// What was decided about a dossier, oldest first.
    public func decisions(about dossier: DossierID) throws(CatalogError) -> [DecisionView] {
        try perform("find what was decided about \(dossier)") {
            try look { db in
                try db.rows("SELECT * FROM decision WHERE dossier = ? ORDER BY record", [dossier.text]).map(Self.decisionView)
            }
        }
    }

    /// Whom a decision document is about, in the order of its records, at most `limit`.
    public func decisions(in document: DecisionID, limit: Int) throws(CatalogError) -> [DecisionView] {
        try perform("find decision \(document)") {
            try look { db in
                try db.rows("SELECT * FROM decision WHERE decision = ? ORDER BY record LIMIT ?", [document.text, limit])
                    .map(Self.decisionView)
            }
        }
    }

    /// The first decision of each document with this number and notation and date: communes number theirs alike.
    public func documents(number: String, notation: String, issuedOn: CalendarDate) throws(CatalogError) -> [DecisionView] {
        try perform("look for decision \(number)/\(notation)") {
            try look { db in
                try db.rows(
                    """
                    SELECT * FROM decision WHERE record IN (
                        SELECT min(record) FROM decision WHERE code_number = ? AND code_notation = ? AND issued_on = ? GROUP BY decision)
                    ORDER BY record
                    """, [number, notation, issuedOn.description]
                ).map(Self.decisionView)
            }
        }
    }
}
