public import Evidence
internal import Foundation
internal import GRDB

/// A dossier as the views have it.
public struct DossierView: Sendable {
    public let key: Int64
    public let id: DossierID
    public let person: PersonID
    public let cycle: Int
    public let unit: UnitID
    public let group: String
    /// Digests of the canonical objects that bind it.
    public let criteria: Digest
    public let rules: Digest
    public let openedRecord: Int
    public let stage: DossierStage
    public let stageRecord: Int
}

/// What held from one record until before another; the second is `nil` while it holds.
public struct RecordSpan: Sendable, Equatable {
    public let from: Int
    public let to: Int?
}

/// A stage that a dossier was in.
public struct StageView: Sendable {
    public let stage: DossierStage
    /// What led there; `nil` for the opening.
    public let act: DossierAct?
    public let role: Role
    /// In whose name it was done.
    public let account: String
    public let span: RecordSpan
}

/// A citation as the views have it.
public struct CitationView: Sendable {
    public let id: CitationID
    public let dossier: DossierID
    public let indicator: IndicatorCode
    public let evidence: EvidenceReference
    public let pages: [Int]
    public let text: Digest?
    public let reaffirms: CitationID?
    public let span: RecordSpan
}

/// A score as the views have it.
public struct ScoreView: Sendable {
    public let kind: ScoreKind
    public let indicator: IndicatorCode
    public let score: Score
    public let role: Role
    public let account: String
    public let span: RecordSpan
}

/// What is known of the truth of an item.
public struct VerificationView: Sendable {
    public let state: VerificationState
    public let method: VerificationMethod?
    /// `nil` where nobody has looked.
    public let verifiedAt: Timestamp?
    public let supersededBy: EvidenceID?
    /// The record; `nil` where nobody has looked.
    public let record: Int?

    /// Of an item that nobody has looked at.
    static let none = VerificationView(state: .submitted, method: nil, verifiedAt: nil, supersededBy: nil, record: nil)
}

/// Reads the columns of a row of a view, and names the record where one has what it cannot have.
struct ViewReader {
    let row: Row
    let view: String

    func value<Value>(_ column: String, _ parse: (String) -> Value?) throws -> Value {
        guard let value = try optional(column, parse) else { throw damaged(column) }
        return value
    }

    func optional<Value>(_ column: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text: String = row[column] else { return nil }
        guard let value = parse(text) else { throw damaged(column) }
        return value
    }

    func choice<Choice: RawRepresentable<String>>(_ column: String) throws -> Choice { try value(column) { Choice(rawValue: $0) } }

    func id<ID: OpaqueIdentifier>(_ column: String) throws -> ID { try value(column) { ID($0) } }

    func optionalID<ID: OpaqueIdentifier>(_ column: String) throws -> ID? { try optional(column) { ID($0) } }

    var span: RecordSpan { RecordSpan(from: row["record_from"], to: row["record_to"]) }

    private func damaged(_ column: String) -> CatalogError {
        let record: Int = ["record", "record_from", "stage_record"].lazy.compactMap { row.hasColumn($0) ? row[$0] as Int? : nil }.first ?? 0
        return .recordDamaged(number: record, reason: "the view \(view) has a \(column) that it cannot have; run minhchung rebuild")
    }
}

extension Catalog {
    private static func dossierView(_ row: Row) throws -> DossierView {
        let reader = ViewReader(row: row, view: "dossier")
        return DossierView(
            key: row["key"], id: try reader.id("id"), person: try reader.id("person"), cycle: row["cycle"], unit: try reader.id("unit"),
            group: row["subject_group"], criteria: try reader.value("criteria") { Digest(hex: $0) },
            rules: try reader.value("rules") { Digest(hex: $0) }, openedRecord: row["opened_record"], stage: try reader.choice("stage"),
            stageRecord: row["stage_record"])
    }

    /// The dossier of this id, `nil` when there is none.
    public func dossier(_ id: DossierID) throws(CatalogError) -> DossierView? {
        try perform("find dossier \(id)") {
            try look { db in try db.first("SELECT * FROM dossier WHERE id = ?", [id.text]).map(Self.dossierView) }
        }
    }

    /// The dossiers of a person, by cycle; of one cycle where one is given.
    public func dossiers(of person: PersonID, cycle: Int? = nil) throws(CatalogError) -> [DossierView] {
        try perform("find the dossiers of \(person)") {
            try look { db in
                try db.rows(
                    "SELECT * FROM dossier WHERE person = ? AND cycle >= ? AND cycle <= ? ORDER BY cycle, key",
                    [person.text, cycle ?? 0, cycle ?? Int.max]
                ).map(Self.dossierView)
            }
        }
    }

    /// Dossiers of a cycle within reach, after the one with key `after`, in the order of opening: of a stage, of a unit, or of both.
    public func dossiers(
        cycle: Int, unit: UnitID? = nil, stage: DossierStage? = nil, after key: Int64 = 0, within reach: Reach, limit: Int
    ) throws(CatalogError) -> [DossierView] {
        let stages = stage.map { [$0] } ?? DossierStage.allCases
        return try perform("list dossiers") {
            try look { db in
                // One walk of an index for each stage, each already in the order of the keys.
                var found: [DossierView] = []
                for stage in stages {
                    let (condition, scope): (String, StatementArguments) =
                        unit.map { ("unit = ? AND cycle = ?", [$0.text, cycle]) } ?? ("cycle = ?", [cycle])
                    found += try db.rows(
                        "SELECT * FROM dossier WHERE \(condition) AND stage = ? AND key > ?\(reach.dossierKeys) ORDER BY key LIMIT ?",
                        scope + [stage.rawValue, key] + reach.arguments + [limit]
                    ).map(Self.dossierView)
                }
                return Array(found.sorted { $0.key < $1.key }.prefix(limit))
            }
        }
    }

    /// The stages that a dossier was in, oldest first.
    public func stages(of dossier: DossierID) throws(CatalogError) -> [StageView] {
        try perform("read the stages of \(dossier)") {
            try look { db in
                try db.rows("SELECT * FROM dossier_stage WHERE dossier = ? ORDER BY record_from", [dossier.text]).map { row in
                    let reader = ViewReader(row: row, view: "dossier_stage")
                    return StageView(
                        stage: try reader.choice("stage"), act: try reader.optional("act") { DossierAct(rawValue: $0) },
                        role: try reader.choice("role"), account: row["account"], span: reader.span)
                }
            }
        }
    }

    // MARK: Citations

    private static func citationView(_ row: Row) throws -> CitationView {
        let reader = ViewReader(row: row, view: "citation")
        return CitationView(
            id: try reader.id("id"), dossier: try reader.id("dossier"), indicator: try reader.value("indicator") { IndicatorCode($0) },
            evidence: EvidenceReference(item: try reader.id("item"), object: try reader.value("object") { Digest(hex: $0) }),
            pages: (row["pages"] as String).split(separator: ",").compactMap { Int($0) },
            text: try reader.optional("text") { Digest(hex: $0) }, reaffirms: try reader.optionalID("reaffirms"), span: reader.span)
    }

    /// The citation of this id, `nil` when there is none.
    public func citation(_ id: CitationID) throws(CatalogError) -> CitationView? {
        try perform("find citation \(id)") {
            try look { db in try db.first("SELECT * FROM citation WHERE id = ?", [id.text]).map(Self.citationView) }
        }
    }

    /// The citations of a dossier by indicator, also those that hold no longer.
    public func citations(of dossier: DossierID) throws(CatalogError) -> [CitationView] {
        try perform("read the citations of \(dossier)") {
            try look { db in
                try db.rows("SELECT * FROM citation WHERE dossier = ? ORDER BY indicator, record_from", [dossier.text])
                    .map(Self.citationView)
            }
        }
    }

    /// The citations of an item by dossier, also those that hold no longer.
    public func citations(ofItem item: EvidenceID) throws(CatalogError) -> [CitationView] {
        try perform("read the citations of \(item)") {
            try look { db in
                try db.rows("SELECT * FROM citation WHERE item = ? ORDER BY dossier, record_from", [item.text]).map(Self.citationView)
            }
        }
    }

    // MARK: Scores and verification

    /// The scores of a dossier, also those that were superseded, oldest first within kind and indicator.
    public func scores(of dossier: DossierID) throws(CatalogError) -> [ScoreView] {
        try perform("read the scores of \(dossier)") {
            try look { db in
                try db.rows("SELECT * FROM score WHERE dossier = ? ORDER BY kind, indicator, record_from", [dossier.text]).map { row in
                    let reader = ViewReader(row: row, view: "score")
                    return ScoreView(
                        kind: try reader.choice("kind"), indicator: try reader.value("indicator") { IndicatorCode($0) },
                        score: Score(points: Points(halves: row["halves"]), isPartial: row["is_partial"]), role: try reader.choice("role"),
                        account: row["account"], span: reader.span)
                }
            }
        }
    }

    /// What is known of the truth of an item, now or, with `record`, when that record was the newest.
    public func verification(of item: EvidenceID, asOf record: Int? = nil) throws(CatalogError) -> VerificationView {
        try perform("read the verification of \(item)") {
            try look { db in
                let row = try db.first(
                    """
                    SELECT * FROM verification WHERE item = ? AND record_from <= ? ORDER BY record_from DESC LIMIT 1
                    """, [item.text, record ?? Int.max])
                guard let row else { return .none }
                let reader = ViewReader(row: row, view: "verification")
                return VerificationView(
                    state: try reader.choice("state"), method: try reader.optional("method") { VerificationMethod(rawValue: $0) },
                    verifiedAt: try reader.value("verified_at") { Timestamp($0) }, supersededBy: try reader.optionalID("superseded_by"),
                    record: row["record_from"])
            }
        }
    }
}
