/// The archive signs with another key from here on.
public struct KeyRotation: Sendable, Equatable {
    /// Public keys on one line each, `name+hash+key`.
    public let old: String
    public let new: String
    public let reason: String
    /// A signed note that names both keys: signed by the new one, because nobody else can say that it took over, and by the old one
    /// unless that is lost.
    public let endorsement: String
    /// How many entries of the access log there were: of larger trees the old key signs no checkpoint, and of records none beyond
    /// this record.
    public let accessSize: Int

    public init(old: String, new: String, reason: String, endorsement: String, accessSize: Int) {
        self.old = old
        self.new = new
        self.reason = reason
        self.endorsement = endorsement
        self.accessSize = accessSize
    }
}

/// The archive was restored from a backup.
public struct Restoration: Sendable, Equatable {
    /// A tree that somebody outside has seen.
    public struct KnownTree: Sendable, Equatable {
        public let epoch: Int
        public let size: Int
        public let root: Digest

        public init(epoch: Int, size: Int, root: Digest) {
            self.epoch = epoch
            self.size = size
            self.root = root
        }
    }

    /// The epoch that begins with this record, or goes on.
    public let epoch: Int
    /// The epoch of the backup; less than `epoch` where records were lost.
    public let fromEpoch: Int
    /// When the backup was taken.
    public let takenAt: Timestamp
    /// Entries of the access log that the backup has. Of records it has those before this one.
    public let accessSize: Int
    /// The newest tree of records that a witness has seen, where that is known.
    public let witnessed: KnownTree?
    public let reason: String?

    public init(epoch: Int, fromEpoch: Int, takenAt: Timestamp, accessSize: Int, witnessed: KnownTree?, reason: String?) {
        self.epoch = epoch
        self.fromEpoch = fromEpoch
        self.takenAt = takenAt
        self.accessSize = accessSize
        self.witnessed = witnessed
        self.reason = reason
    }
}

/// Entries of the access log whose time to be kept is over were dropped: the oldest ones. Their places in the tree stay.
public struct AccessDrop: Sendable, Equatable {
    /// Entries before this one are gone.
    public let before: Int
    /// They are older than this.
    public let until: Timestamp
    public let reason: String

    public init(before: Int, until: Timestamp, reason: String) {
        self.before = before
        self.until = until
        self.reason = reason
    }
}

/// Objects were read whole and are what their names say (kiểm tra tính toàn vẹn).
public struct FixityCheck: Sendable, Equatable {
    /// When the reading began.
    public let startedAt: Timestamp
    /// Objects by number, in the order in which records name them first, from 1; ascending.
    public let ranges: [ClosedRange<Int64>]

    public init(startedAt: Timestamp, ranges: [ClosedRange<Int64>]) {
        self.startedAt = startedAt
        self.ranges = ranges
    }
}
