internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// Holds the rows of the views against the records that they are folded from, as a verification meets them.
///
/// Each record's rows are looked up, so that the check costs as much as the ledger and needs no second set of views.
struct ViewCheck {
    private var items = 0
    private var objects = 0
    private var subjects = 0
    /// What the records say is damaged.
    private var damaged: Set<String> = []

    /// What of the views is not what this record, which is sound, says; `nil` when all of it is.
    mutating func finding(_ parsed: RecordHeader, row: Row, _ db: Database) throws -> String? {
        let number = parsed.number
        guard let kind = RecordKind(rawValue: parsed.kind) else { return "this version does not know its kind, \(parsed.kind)" }
        let body: RecordBody
        do { body = try RecordForm.body(Array(row["body"] as Data), kind: kind) } catch { return "its body is not readable: \(error)" }
        var isRight = true
        for subject in Set(parsed.subjects) {
            subjects += 1
            let found = try db.first("SELECT 1 FROM record_subject WHERE subject = ? AND number = ?", [subject, parsed.number])
            if found == nil { return "the views do not show what it is about; run minhchung rebuild" }
        }
        switch body {
        case .archiveCreated: break
        case .objectDamaged(let object, _): damaged.insert(object.hex)
        case .objectRestored(let object): damaged.remove(object.hex)
        case .evidenceDeposited(let deposit):
            items += 1
            isRight =
                try isNamed(deposit.object, isEvidence: true, by: number, db)
                && holds(deposit.item, deposit.metadata, number, depositOf: deposit.object.digest, parsed, db)
        case .evidenceDescribed(let item, let metadata):
            isRight = try holds(item, metadata, number, depositOf: nil, nil, db)
        case .objectExtracted(let object, let finding):
            let text = try finding.text.map { try isNamed($0, isEvidence: false, by: number, db) } ?? true
            isRight = try text && holds(finding, of: object, number, db)
        }
        return isRight ? nil : "the views do not show what it says; run minhchung rebuild"
    }

    /// Whether the views have rows that no record names.
    func surplus(_ db: Database) throws -> String? {
        let found = (
            items: try Int.fetchOne(db, sql: "SELECT count(*) FROM item") ?? 0,
            objects: try Int.fetchOne(db, sql: "SELECT count(*) FROM object") ?? 0,
            subjects: try Int.fetchOne(db, sql: "SELECT count(*) FROM record_subject") ?? 0
        )
        if found == (items, objects, subjects) {
            let shown = try String.fetchSet(db, sql: "SELECT digest FROM object WHERE is_damaged = 1")
            return shown == damaged ? nil : "the views show other objects as damaged than the records do; run minhchung rebuild"
        }
        return "the views have \(found.items) items and \(found.objects) objects, the records name \(items) and \(objects): "
            + "records are missing, or the views were edited; compare with a backup before you run minhchung rebuild"
    }

    private mutating func isNamed(
        _ object: ObjectDescription, isEvidence: Bool, by number: Int, _ db: Database
    ) throws -> Bool {
        guard let row = try db.first("SELECT * FROM object WHERE digest = ?", [object.digest.hex]) else { return false }
        let first: Int = row["first_record"]
        if first == number { objects += 1 }
        return first <= number && row["size"] as Int64 == object.size
            && row["piece_list_digest"] as String == object.pieceListDigest.hex && (row["is_evidence"] as Int == 1 || !isEvidence)
    }

    /// The item's row shows this declaration, unless a later record superseded it.
    private func holds(
        _ item: EvidenceID, _ metadata: EvidenceMetadata, _ number: Int, depositOf object: Digest?, _ header: RecordHeader?,
        _ db: Database
    ) throws -> Bool {
        guard let row = try db.first("SELECT * FROM item WHERE id = ?", [item.text]) else { return false }
        if let object, let header {
            guard row["object"] as String == object.hex, row["deposit_record"] as Int == number,
                row["deposited_at"] as String == header.time.description, row["depositor"] as String == header.actor.principal
            else { return false }
        }
        let shown: Int = row["metadata_record"]
        return shown > number || shown == number && Views.metadata(in: row) == metadata
    }

    private func holds(
        _ finding: ExtractionFinding, of object: Digest, _ number: Int, _ db: Database
    ) throws -> Bool {
        guard let row = try db.first("SELECT * FROM object WHERE digest = ?", [object.hex]) else { return false }
        let shown: Int? = row["extraction_record"]
        guard let shown, shown == number else { return (shown ?? -1) > number }
        return row["extraction_state"] as String? == finding.state.rawValue && row["text"] as String? == finding.text?.digest.hex
            && row["tool"] as String? == finding.tool && row["reason"] as String? == finding.reason
    }
}
