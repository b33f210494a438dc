public import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// An upload as operational state has it.
public struct UploadView: Sendable, Equatable {
    /// How a finished upload ended.
    public enum Outcome: String, Sendable {
        case deposited
        /// The same person had deposited the file before.
        case already
        /// Likewise, and declares something else of it now.
        case alreadyOtherwise = "already-otherwise"
    }

    public let id: UploadID
    /// Whose it is.
    public let account: String
    public let length: Int64
    /// How many bytes are on disk.
    public var received: Int64
    public var expiresAt: Timestamp
    /// The item that it becomes or became.
    public var item: EvidenceID
    /// What is declared; `nil` when it is finished.
    public var metadata: EvidenceMetadata?
    /// The digest that its sender says it has.
    public let expected: Digest?
    /// Its digest, when all bytes came and it is about to become an object.
    public var object: Digest?
    /// How it ended; `nil` while it is open.
    public var outcome: Outcome?

    public init(
        id: UploadID, account: String, length: Int64, received: Int64 = 0, expiresAt: Timestamp, item: EvidenceID,
        metadata: EvidenceMetadata?, expected: Digest?, object: Digest? = nil, outcome: Outcome? = nil
    ) {
        self.id = id
        self.account = account
        self.length = length
        self.received = received
        self.expiresAt = expiresAt
        self.item = item
        self.metadata = metadata
        self.expected = expected
        self.object = object
        self.outcome = outcome
    }
}

/// What open uploads take and may take.
public struct UploadRoom: Sendable, Equatable {
    /// Uploads that are open.
    public var count: Int
    /// How long they are together.
    public var bytes: Int64
    /// Bytes of them that have still to come.
    public var toCome: Int64

    public init(count: Int, bytes: Int64, toCome: Int64) {
        self.count = count
        self.bytes = bytes
        self.toCome = toCome
    }
}

extension Catalog {
    /// Begins an upload durably, unless `isRefused` says so.
    ///
    /// - Parameter isRefused: gets what the open uploads of its account take and what all of them take, and answers why this one is not
    ///   begun, `nil` where it is. Nobody begins another meanwhile.
    /// - Returns: why it was not begun.
    public func begin<Refusal: Sendable>(
        _ upload: UploadView, unless isRefused: @escaping @Sendable (_ own: UploadRoom, _ all: UploadRoom) -> Refusal?
    ) throws(CatalogError) -> Refusal? {
        try perform("begin upload \(upload.id)") {
            try operations.commit { db, _ in
                let open = "SELECT count(*), coalesce(sum(length), 0), coalesce(sum(length - received), 0) FROM upload WHERE outcome IS NULL"
                func room(_ row: Row?) -> UploadRoom {
                    row.map { UploadRoom(count: $0[0], bytes: $0[1], toCome: $0[2]) } ?? UploadRoom(count: 0, bytes: 0, toCome: 0)
                }
                let own = room(try db.first(open + " AND account = ?", [upload.account]))
                if let refusal = isRefused(own, room(try db.first(open))) { return refusal }
                try db.run(
                    """
                    INSERT INTO upload (id, account, length, received, expires_at, item, person, description, expected)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        upload.id.text, upload.account, upload.length, upload.received, upload.expiresAt.description, upload.item.text,
                        upload.metadata?.person?.text,
                        upload.metadata.map {
                            String(decoding: RecordForm.bodyBytes(.evidenceDescribed(item: upload.item, $0)), as: UTF8.self)
                        }, upload.expected?.hex,
                    ])
                return nil
            }
        }
    }

    /// The upload; `nil` where there is none.
    public func upload(_ id: UploadID) throws(CatalogError) -> UploadView? {
        try perform("find upload \(id)") {
            try service.read { db in try db.first("SELECT * FROM upload WHERE id = ?", [id.text]).flatMap(Self.uploadView) }
        }
    }

    /// The uploads of an account.
    public func uploads(of account: String, after id: String = "", limit: Int = .max) throws(CatalogError) -> [UploadView] {
        try perform("list the uploads of \(account)") {
            try service.read { db in
                try db.rows("SELECT * FROM upload WHERE account = ? AND id > ? ORDER BY id LIMIT ?", [account, id, limit])
                    .compactMap(Self.uploadView)
            }
        }
    }

    /// Open uploads of proof of a person.
    public func uploads(about person: PersonID) throws(CatalogError) -> [UploadView] {
        try perform("list the uploads about \(person)") {
            try service.read { db in
                try db.rows("SELECT * FROM upload WHERE person = ? AND outcome IS NULL ORDER BY id", [person.text])
                    .compactMap(Self.uploadView)
            }
        }
    }

    /// Uploads that have expired by `time`, the oldest first.
    public func expiredUploads(by time: Timestamp, limit: Int) throws(CatalogError) -> [UploadView] {
        try perform("list expired uploads") {
            try service.read { db in
                try db.rows("SELECT * FROM upload WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?", [time.description, limit])
                    .compactMap(Self.uploadView)
            }
        }
    }

    /// Uploads behind the one of this id, open or finished.
    public func uploads(after id: String, limit: Int) throws(CatalogError) -> [UploadView] {
        try perform("list uploads") {
            try service.read { db in
                try db.rows("SELECT * FROM upload WHERE id > ? ORDER BY id LIMIT ?", [id, limit]).compactMap(Self.uploadView)
            }
        }
    }

    /// What open uploads take.
    public func uploadRoom() throws(CatalogError) -> UploadRoom {
        try perform("count the uploads") {
            try service.read { db in
                let row = try db.first(
                    "SELECT count(*), coalesce(sum(length), 0), coalesce(sum(length - received), 0) FROM upload WHERE outcome IS NULL")
                return row.map { UploadRoom(count: $0[0], bytes: $0[1], toCome: $0[2]) } ?? UploadRoom(count: 0, bytes: 0, toCome: 0)
            }
        }
    }

    /// Remembers durably how far an upload came: bytes received, digest and outcome. What is declared of a finished one is forgotten:
    /// records have it.
    public func update(_ upload: UploadView) throws(CatalogError) {
        try perform("go on with upload \(upload.id)") {
            try operations.commit { db, _ in
                try db.run(
                    "UPDATE upload SET received = ?, expires_at = ?, item = ?, object = ?, outcome = ? WHERE id = ?",
                    [
                        upload.received, upload.expiresAt.description, upload.item.text, upload.object?.hex, upload.outcome?.rawValue,
                        upload.id.text,
                    ])
                if upload.outcome != nil { try db.run("UPDATE upload SET description = NULL, person = NULL WHERE id = ?", [upload.id.text]) }
            }
        }
    }

    /// Forgets an upload. That it is not there is no error.
    public func removeUpload(_ id: UploadID) throws(CatalogError) {
        try perform("remove upload \(id)") {
            try operations.commit { db, _ in try db.run("DELETE FROM upload WHERE id = ?", [id.text]) }
        }
    }

    /// `nil` where the row is not one that the program wrote.
    private static func uploadView(_ row: Row) -> UploadView? {
        guard let id = UploadID(row["id"] as String), let expiresAt = Timestamp(row["expires_at"] as String),
            let item = EvidenceID(row["item"] as String)
        else { return nil }
        var metadata: EvidenceMetadata?
        if let text: String = row["description"] {
            let body = try? RecordForm.body(Array(text.utf8), kind: .evidenceDescribed)  // because of the above
            guard case .evidenceDescribed(_, let described)? = body else { return nil }
            metadata = described
        }
        return UploadView(
            id: id, account: row["account"], length: row["length"], received: row["received"], expiresAt: expiresAt, item: item,
            metadata: metadata, expected: (row["expected"] as String?).flatMap { Digest(hex: $0) },
            object: (row["object"] as String?).flatMap { Digest(hex: $0) }, outcome: (row["outcome"] as String?).flatMap(UploadView.Outcome.init))
    }
}
