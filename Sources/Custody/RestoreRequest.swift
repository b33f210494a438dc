public import Evidence
public import Ledger

/// What is to be restored, and what with.
public struct RestoreRequest: Sendable {
    /// Where the keys are, which no backup has.
    public enum Keys: Sendable {
        /// What `keys backup` wrote.
        case backup([UInt8], passphrase: String)
        /// A folder with the files of an archive's `keys/`.
        case folder(String)
        /// They are lost: the archive signs with another from now on, and knows no personal number again.
        case lost
    }

    /// The folder of backups.
    public var backup: String
    /// Where the archive shall be: nothing, or an empty folder.
    public var target: String
    /// The snapshot; `nil` is the newest that is complete.
    public var snapshot: String?
    public var keys: Keys
    /// The newest that somebody outside has seen; `nil` where that is not known.
    public var witnessed: Witnessed?
    public var reason: String?
    /// The path of the erasure list; `nil` where there is none, and that was said.
    public var erasureList: String?
    /// Whether to go on without objects that the archive had lost when the backup was taken.
    public var acceptsMissing: Bool

    public init(
        backup: String, target: String, snapshot: String? = nil, keys: Keys, witnessed: Witnessed? = nil, reason: String? = nil,
        erasureList: String?, acceptsMissing: Bool = false
    ) {
        self.backup = backup
        self.target = target
        self.snapshot = snapshot
        self.keys = keys
        self.witnessed = witnessed
        self.reason = reason
        self.erasureList = erasureList
        self.acceptsMissing = acceptsMissing
    }
}

/// What was restored.
public struct RestoreSummary: Sendable {
    public let snapshot: String
    /// What its `backup.json` says.
    public let description: BackupDescription
    /// Newer backups that were interrupted, and are not complete.
    public let interrupted: [String]
    /// The epoch that the archive goes on in.
    public let epoch: Int
    /// The record of the restoration.
    public let record: Int
    public let objects: Int
    public let bytes: Int64
    /// Objects that the archive had lost already, and that were accepted to be missing.
    public let missing: [Digest]
    /// The new key and the one before it, where the keys are lost.
    public let newKey: (new: NoteVerifier, old: NoteVerifier)?
    /// Erasures that were done again: the record of the list, and the new tombstone.
    public let erasedAgain: [(listed: Int, record: Int)]

    /// Whether records may be lost that somebody has seen.
    public var hasNewEpoch: Bool { epoch != description.epoch }
}
