internal import Evidence
internal import Ledger

/// What `format.json` says: which format, and which archive.
struct Identity: Sendable {
    let archive: ArchiveID
    let created: String
    /// The epoch that began last; the ledger says the same.
    let epoch: Int
    /// The key that signs, on one line.
    let publicKey: String
    /// By which the key of personal numbers is known.
    let personKeyFingerprint: String

    /// As it lies in the file: canonical JSON and a newline.
    var bytes: [UInt8] {
        JSON.object([
            "archive": .string(archive.text), "created": .string(created), "epoch": .integer(Int64(epoch)),
            "format": .integer(Int64(Archive.format)), "hash": .string("sha256"), "person_number_key": .string(personKeyFingerprint),
            "piece_size": .integer(Int64(pieceSize)), "public_key": .string(publicKey),
        ]).canonicalBytes + [0x0A]
    }

    func with(publicKey: String? = nil, epoch: Int? = nil) -> Identity {
        Identity(
            archive: archive, created: created, epoch: epoch ?? self.epoch, publicKey: publicKey ?? self.publicKey,
            personKeyFingerprint: personKeyFingerprint)
    }

    init(archive: ArchiveID, created: String, epoch: Int, publicKey: String, personKeyFingerprint: String) {
        self.archive = archive
        self.created = created
        self.epoch = epoch
        self.publicKey = publicKey
        self.personKeyFingerprint = personKeyFingerprint
    }

    /// Reads the file.
    /// - Throws: ``ArchiveError/format(path:reason:)``.
    init(in description: [UInt8], path: String) throws {
        func wrong(_ reason: String) -> ArchiveError { .format(path: path, reason: reason) }
        guard case .object(let members)? = try? JSON(parsing: description) else {  // because the next line says what is wrong
            throw wrong("format.json is not readable; restore it from a backup")
        }
        guard case .integer(let format)? = members["format"], format == Int64(Archive.format) else {
            throw wrong("its format is not \(Archive.format), the one that this version of minhchung knows")
        }
        guard case .string(let text)? = members["archive"], let archive = ArchiveID(text) else {
            throw wrong("format.json names no archive; restore it from a backup")
        }
        guard case .string(let fingerprint)? = members["person_number_key"], case .string(let publicKey)? = members["public_key"],
            case .string(let created)? = members["created"], case .integer(let epoch)? = members["epoch"], epoch > 0
        else { throw wrong("format.json does not know its keys; restore it from a backup") }
        self.init(archive: archive, created: created, epoch: Int(epoch), publicKey: publicKey, personKeyFingerprint: fingerprint)
    }
}
