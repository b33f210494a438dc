public import Evidence
internal import GRDB
public import Ledger

/// What the catalog could not do, to what, and why.
public enum CatalogError: Error, CustomStringConvertible {
    /// SQLite refused; `code` is its result code.
    case database(act: String, code: Int32, message: String)
    /// Another process reads the database, and what is to be done waits for nobody to read.
    case inUse(act: String, database: String)
    /// The disk is full.
    case diskFull(act: String)
    /// A sync failed earlier; nothing may be acknowledged until the archive was opened anew.
    case stopped
    /// A database does not keep what it confirms, so nothing may be acknowledged with it.
    case notDurable(database: String, synchronous: Int)
    /// There is an archive, but its ledger is missing or empty.
    case ledgerMissing(path: String)
    /// The database is not of the schema that this version knows.
    case schema(database: String, found: Int, known: Int)
    /// The keys of the search index for an item are used up.
    case indexedTooOften(item: EvidenceID)
    /// A stored record is not what was recorded.
    case recordDamaged(number: Int, reason: String)
    /// A tree has fewer leaves than a checkpoint that the archive signed.
    case wentBackwards(tree: LogTree, signed: Int, found: Int)
    /// A tree is not the one that the archive signed.
    case rewritten(tree: LogTree, signed: Int)
    /// An entry of the access log is not what was written.
    case accessEntryDamaged(number: Int)
    /// The newest checkpoint of a tree is not signed by a key that may have signed it.
    case checkpointForged(tree: LogTree, size: Int)
    /// A stored checkpoint is not readable.
    case checkpointDamaged(tree: String, size: Int, reason: String)
    /// A list of piece digests is missing or not the one that was recorded.
    case pieceListDamaged(object: Digest)

    /// Whether a tree is behind what was signed of it, or another.
    public var isSetback: Bool {
        switch self {
        case .wentBackwards, .rewritten, .checkpointDamaged, .checkpointForged: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .database(let act, let code, let message): "cannot \(act): \(message) (SQLite \(code))"
        case .inUse(let act, let database): "cannot \(act): another process reads \(database), a backup for example; it can be done when it ends"
        case .diskFull(let act): "cannot \(act): the disk is full; make room and do it again"
        case .stopped: "cannot record: the disk refused to confirm an earlier write; check the disk, then start again"
        case .notDurable(let database, let synchronous):
            "cannot open \(database): it would lose confirmed writes (synchronous = \(synchronous) instead of 2)"
        case .ledgerMissing(let path):
            "cannot open \(path): the archive's ledger is missing or empty; restore it, with its -wal file, from a backup"
        case .schema(let database, let found, let known):
            "cannot open \(database): its schema is \(found), this version of minhchung knows \(known)"
        case .indexedTooOften(let item): "cannot index item \(item) once more; run minhchung rebuild"
        case .recordDamaged(let number, let reason):
            "cannot trust record \(number): \(reason); run minhchung verify, and restore the archive from a backup"
        case .wentBackwards(let tree, let signed, let found):
            "cannot trust the ledger: the archive has signed \(signed) \(tree.noun), and \(found) are there; restore it from a backup with "
                + "minhchung restore, which tells the witnesses, or see minhchung verify"
        case .rewritten(let tree, let signed):
            "cannot trust the ledger: its first \(signed) \(tree.noun) are not those that the archive has signed; see minhchung verify, and "
                + "restore it from a backup"
        case .accessEntryDamaged(let number):
            "cannot trust access log entry \(number): it was edited; run minhchung verify, and restore the archive from a backup"
        case .checkpointForged(let tree, let size):
            "cannot trust the ledger: its newest checkpoint, of \(size) \(tree.noun), is not signed by the archive's key; see minhchung verify, and "
                + "restore it from a backup"
        case .checkpointDamaged(let tree, let size, let reason):
            "cannot read the checkpoint of \(tree) of size \(size): \(reason); see minhchung verify, and restore the archive from a backup"
        case .pieceListDamaged(let object):
            "cannot read object \(object): the list of its pieces is not the recorded one; run minhchung rebuild"
        }
    }
}

/// Runs `body` and names the act when SQLite refuses it.
func perform<Value>(_ act: String, _ body: () throws -> Value) throws(CatalogError) -> Value {
    do {
        return try body()
    } catch let error as CatalogError {
        throw error
    } catch let error as DatabaseError {
        if error.isDiskFull { throw .diskFull(act: act) }
        throw .database(act: act, code: error.extendedResultCode.rawValue, message: error.message ?? "no reason given")
    } catch {
        throw .database(act: act, code: -1, message: "\(error)")
    }
}
