public import Evidence

/// What the vault could not do, to what, and why.
public enum VaultError: Error, CustomStringConvertible {
    /// A system call failed while `act` was done to `object`.
    case system(act: String, object: String, SystemCallError)
    case other(act: String, object: String, any Error)
    /// The thing to deposit is a folder, pipe, device or socket.
    case notAFile(object: String)
    case emptyFile(object: String)
    /// The file was written to while it was being read, so no digest would be of anything that ever stood in it.
    case changedWhileRead(object: String)
    /// Storing would leave less than ``ObjectStore/freeSpaceFloor`` for ledger and index.
    case tooLittleSpace(object: String, free: Int64, needed: Int64)
    /// A sync failed earlier; nothing may be acknowledged until the archive was opened anew.
    case stopped
    /// The object cannot be served.
    case damaged(Digest, Damage)
    /// The archive is held by another process; `holder` is what that process wrote of itself.
    case locked(path: String, holder: String)
    /// The folder of backups is used by another process.
    case backupInUse(path: String, holder: String)
    /// The folder is not one that backups are in, or may be put into.
    case notABackup(path: String, reason: String)
    /// The folder is not one that an archive may be made in.
    case cannotCreate(path: String, reason: String)
    /// The folder is not what an archive needs.
    case notAnArchive(path: String, reason: String)

    public var description: String {
        switch self {
        case .system(let act, let object, let error): "cannot \(act) \(object): \(error)"
        case .other(let act, let object, let error): "cannot \(act) \(object): \(error)"
        case .notAFile(let object): "cannot deposit \(object): not a regular file"
        case .emptyFile(let object): "cannot deposit \(object): the file is empty"
        case .changedWhileRead(let object): "cannot deposit \(object): it was changed while it was being read; deposit it again"
        case .tooLittleSpace(let object, let free, let needed):
            "cannot store \(object): \(free) bytes are free and \(needed) are needed, "
                + "\(ObjectStore.freeSpaceFloor) of them kept for the ledger; make room and deposit again"
        case .stopped:
            "cannot store: the disk refused to confirm an earlier write; check the disk, then start again"
        case .damaged(let digest, let damage): "cannot read object \(digest): \(damage)"
        case .locked(let path, let holder): "cannot open archive \(path): it is in use by \(holder)"
        case .backupInUse(let path, let holder): "cannot use the backups in \(path): they are in use by \(holder)"
        case .notABackup(let path, let reason): "cannot use the backups in \(path): \(reason)"
        case .cannotCreate(let path, let reason): "cannot create archive \(path): \(reason)"
        case .notAnArchive(let path, let reason): "cannot open archive \(path): \(reason)"
        }
    }

    /// Whether more files would only meet the same trouble.
    public var stopsEverything: Bool {
        switch self {
        case .stopped: true
        // Else it is this file that is too large, and a smaller one may fit.
        case .tooLittleSpace(_, let free, _): free < 2 * ObjectStore.freeSpaceFloor
        case .system(_, _, let error): error.isDiskFull
        default: false
        }
    }
}

/// What is wrong with a stored object.
public enum Damage: Error, Sendable, Equatable, CustomStringConvertible {
    case missing
    /// A symbolic link, folder or other thing stands in its place.
    case notAFile
    case sizeDiffers(expected: Int64, found: Int64)
    case contentDiffers(found: Digest)
    /// Piece `index` (from 0) has other bytes than were deposited.
    case pieceDiffers(index: Int)
    case unreadable(SystemCallError)

    public var description: String {
        switch self {
        case .missing: "it is missing"
        case .notAFile: "something that is not a regular file stands in its place"
        case .sizeDiffers(let expected, let found): "it has \(found) bytes instead of \(expected)"
        case .contentDiffers(let found): "its content has changed (SHA-256 is now \(found))"
        case .pieceDiffers(let index): "its content has changed (piece \(index) of 1 MiB)"
        case .unreadable(let error): "it cannot be read: \(error)"
        }
    }
}
