internal import Catalog
public import Evidence
internal import Recognition
internal import Vault

/// What an operation could not do for reasons of its own; what the layers below could not do comes as their errors.
public enum ArchiveError: Error, CustomStringConvertible {
    case noSuchItem(String)
    case ambiguousItem(String, [EvidenceID])
    /// There is no such thing: what it would be, and how it was asked for.
    case notFound(String, String)
    case ambiguous(String, String, [String])
    /// So little of an id could be the beginning of many.
    case tooShort(String, String)
    /// A rule does not allow it; nothing was recorded.
    case refused(act: String, reason: String)
    /// Somebody sees it and may not do that to it; nothing was recorded but the refusal, in the access log.
    case notPermitted(act: String, reason: String)
    case noWords(query: String)
    case metadata(field: String, reason: String)
    case format(path: String, reason: String)
    /// A key is missing, or not the archive's.
    case key(path: String, reason: String)
    /// Extraction was asked for and cannot be had on this machine.
    case extractionRefused(reason: String)

    public var description: String {
        switch self {
        case .noSuchItem(let reference): "cannot find evidence item \(reference): there is none with this id"
        case .ambiguousItem(let reference, let ids):
            "cannot tell which evidence item \(reference) is: "
                + ids.map(\.text).joined(separator: ", ") + "; give more of the id"
        case .notFound(let noun, let reference): "cannot find \(noun) \(reference): there is none of this name"
        case .ambiguous(let noun, let reference, let ids):
            "cannot tell which \(noun) \(reference) is: " + ids.joined(separator: ", ") + "; give more of the id"
        case .tooShort(let noun, let reference): "cannot look for \(noun) \(reference): give at least 4 characters after the dash"
        case .refused(let act, let reason): "cannot \(act): \(reason)"
        case .notPermitted(let act, let reason): "you may not \(act): \(reason)"
        case .noWords(let query): "cannot search for \"\(query)\": it has no word"
        case .metadata(let field, let reason): "cannot take the metadata: \(field) \(reason)"
        case .key(let path, let reason): "cannot use the key \(path): \(reason)"
        case .format(let path, let reason): "cannot open archive \(path): \(reason)"
        case .extractionRefused(let reason): "cannot extract text: \(reason)"
        }
    }
}

extension Archive {
    /// Whether `error` says that another process holds the archive, or the backups.
    public static func isInUse(_ error: any Error) -> Bool {
        switch error as? VaultError {
        case .locked, .backupInUse: true
        default: false
        }
    }

    /// Whether `error` says that the archive is not fit for use, and can still be looked at by `verify`: a tree went backwards, a record
    /// that opening reads is damaged, or the key that signs is not there.
    public static func isUnfit(_ error: any Error) -> Bool {
        if case .key? = error as? ArchiveError { return true }
        if case .recordDamaged? = error as? CatalogError { return true }
        return (error as? CatalogError)?.isSetback ?? false
    }

    /// Whether `error` says that there is no item, or no single one, of the id that was asked for, or no such page.
    public static func isNotFound(_ error: any Error) -> Bool {
        if case .noSuchPage? = error as? PageImageError { return true }
        return switch error as? ArchiveError {
        case .noSuchItem, .ambiguousItem, .notFound, .ambiguous, .tooShort: true
        default: false
        }
    }

    /// Whether `error` says that the disk is full, or so full that nothing more is taken in.
    public static func isDiskFull(_ error: any Error) -> Bool {
        if case .diskFull? = error as? CatalogError { return true }
        switch error as? VaultError {
        case .tooLittleSpace: return true
        case .system(_, _, let error): return error.isDiskFull
        default: break
        }
        if case .tooLittleSpace? = error as? UploadError { return true }
        return false
    }

    /// Whether `error` says that a rule does not allow what was asked for, or the document itself; nothing was recorded then.
    public static func isRefused(_ error: any Error) -> Bool {
        if case .notShown? = error as? PageImageError { return true }
        return switch error as? ArchiveError {
        case .refused, .notPermitted: true
        default: error is LifeError
        }
    }
}

extension Archive {
    /// Trouble below the operations that is worth telling from other failures.
    public enum Trouble: Sendable, Equatable {
        /// Stored bytes are not those that were deposited.
        case damaged
        /// The disk is full.
        case full
        /// Nothing is acknowledged until the archive was opened anew.
        case stopped
        /// What was given cannot be deposited, and why.
        case file(String)
    }

    /// What kind of trouble `error` is, `nil` where it is of no kind that anybody but the operator can use.
    public static func trouble(_ error: any Error) -> Trouble? {
        if case .diskFull? = error as? CatalogError { return .full }
        switch error as? VaultError {
        case .damaged: return .damaged
        case .tooLittleSpace: return .full
        case .stopped: return .stopped
        case .system(_, _, let cause) where cause.isDiskFull: return .full
        case .emptyFile: return .file("the file is empty")
        case .notAFile: return .file("it is not a regular file")
        case .changedWhileRead: return .file("it was changed while it was being read; send it again")
        default: return nil
        }
    }
}
