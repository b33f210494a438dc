internal import Catalog
public import Evidence
internal import Foundation
public import Ledger
internal import Vault

/// The keys of an archive, as far as others may know them.
public struct ArchiveKeys: Sendable {
    /// The key that signs now, on one line: what an inspector trusts.
    public let current: NoteVerifier
    /// Keys that signed before, newest first, each with the record that ended it and the entries of the access log that there were.
    public let former: [(key: NoteVerifier, record: Int, accessSize: Int)]

    /// What each key may have signed.
    var ledgerKeys: [LedgerKey] {
        [LedgerKey(current)] + former.map { LedgerKey($0.key, upTo: [.records: $0.record, .access: $0.accessSize]) }
    }
}

extension Archive {
    static let signingKey = "signing.key"
    /// The next key, from before its record is written until it signs.
    static let nextSigningKey = "signing.key.next"

    /// Reads a key file: the signer on its first line.
    static func signer(_ bytes: [UInt8], of archive: ArchiveID, path: String) throws -> NoteSigner {
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
        guard let signer = NoteSigner(secretText: text), signer.verifier.name == LogOrigin.keyName(of: archive),
            signer.verifier.algorithm == .ed25519
        else { throw ArchiveError.key(path: path, reason: "it is not the key of archive \(archive)") }
        return signer
    }

    /// The key that signs, which has to be the one that `format.json` names. A rotation that was cut off after its record is finished.
    static func signer(in folder: ArchiveFolder, _ catalog: Catalog, _ identity: Identity) throws -> NoteSigner {
        let rotated = try catalog.milestones(.keyRotated).last.map { try catalog.record($0).body }
        let expected: String
        if case .keyRotated(let rotation)? = rotated { expected = rotation.new } else { expected = identity.publicKey }
        let path = "\(folder.path)/keys/\(signingKey)"
        if let bytes = try folder.keyIfThere(signingKey) {
            let signer = try signer(bytes, of: identity.archive, path: path)
            if signer.verifier.text == expected {
                if identity.publicKey != expected {
                    // Cut off between the two files.
                    try take(signer, in: folder, identity)
                } else if try folder.keyIfThere(nextSigningKey) != nil {
                    // Cut off before its record: nobody has heard of that key.
                    try folder.removeKey(nextSigningKey)
                }
                return signer
            }
        }
        if let bytes = try folder.keyIfThere(nextSigningKey) {
            let next = try signer(bytes, of: identity.archive, path: "\(folder.path)/keys/\(nextSigningKey)")
            if next.verifier.text == expected {
                try take(next, in: folder, identity)
                return next
            }
        }
        let reason =
            try folder.keyIfThere(signingKey) == nil
            ? "it is missing; restore it with minhchung keys restore, or, where it is lost, begin with another: minhchung keys rotate --lost"
            : "it is not the key that signs this archive, \(expected); restore that one with minhchung keys restore"
        throw ArchiveError.key(path: path, reason: reason)
    }

    /// Makes a key that a record announced the one that signs.
    private static func take(_ signer: NoteSigner, in folder: ArchiveFolder, _ identity: Identity) throws {
        try folder.writeKey(signingKey, keyFile(signer))
        try folder.writeFormat(identity.with(publicKey: signer.verifier.text).bytes)
        try folder.removeKey(nextSigningKey)
    }

    static func keyFile(_ signer: NoteSigner) -> [UInt8] { Array((signer.secretText + "\n").utf8) }

    /// The keys that sign and have signed.
    public func keys() async throws -> ArchiveKeys {
        try await blocking.run { [self] in try knownKeys() }
    }

    func knownKeys() throws -> ArchiveKeys { try Self.knownKeys(catalog, identity, path: folder.path) }

    /// The keys as the ledger tells of them; the first is the one that `format.json` names, where none was rotated.
    static func knownKeys(_ catalog: Catalog, _ identity: Identity, path: String) throws -> ArchiveKeys {
        var rotations: [(number: Int, rotation: KeyRotation)] = []
        for number in try catalog.milestones(.keyRotated) {
            if case .keyRotated(let rotation) = try catalog.record(number).body { rotations.append((number, rotation)) }
        }
        guard let current = NoteVerifier(rotations.last?.rotation.new ?? identity.publicKey) else {
            throw ArchiveError.format(path: path, reason: "format.json names no key; restore it from a backup")
        }
        // From the key of now back: each has signed which one it took the place of.
        var former: [(NoteVerifier, Int, Int)] = []
        var key = current
        for (number, rotation) in rotations.reversed() {
            guard let (old, new) = rotation.keys, new == key else {
                throw ArchiveError.key(
                    path: path, reason: "record \(number) says that it was changed, and the key that came then has not signed that")
            }
            former.append((old, number, rotation.accessSize))
            key = old
        }
        return ArchiveKeys(current: current, former: former)
    }

    /// Signs with a new key from now on. The record of it has the old key's signature of the new one, where the old one is there.
    ///
    /// - Returns: the new public key, which inspectors have to be given, as they were given the old one.
    public func rotateKey(reason: String, by actor: Actor) async throws -> NoteVerifier {
        try await blocking.run { [self] in
            try acting {
                let reason = try Self.line(reason, "reason")
                let next = NoteSigner(name: LogOrigin.keyName(of: id), key: .random())
                let old = try knownKeys().current
                let text = KeyRotation.statement(old: old, new: next.verifier)
                let signers = [signing?.signer, next].compactMap(\.self)
                let endorsement = SignedNote(text: text, signatures: signers.map { $0.signature(of: text) })
                try folder.writeKey(Self.nextSigningKey, Self.keyFile(next))
                let rotate = { [self] in
                    let rotation = KeyRotation(
                        old: old.text, new: next.verifier.text, reason: reason, endorsement: String(decoding: endorsement.bytes, as: UTF8.self),
                        accessSize: catalog.accessTree.size)
                    try record([(.keyRotated(rotation), [id])], by: actor)
                    try Self.take(next, in: folder, identity)
                }
                if let signing {
                    // Nothing is signed between the record and the new key: the old one signs no tree that has the record.
                    try signing.change(to: next, rotate)
                } else {
                    try rotate()
                    try CheckpointSigning(id, epoch: catalog.epoch(), signer: next, catalog: catalog, growth: Growth(), now: now).close()
                }
                return next.verifier
            }
        }
    }

    // MARK: Backup

    /// What a key backup holds: names of files under `keys/`, and what is in them.
    private static let backedUp = [signingKey, personKey]

    /// The keys, sealed under a passphrase in the age format, so that `age --decrypt` opens them too: a JSON object of the archive's
    /// id, its public key, and each file of `keys/` in base 64.
    public func backUpKeys(passphrase: String) async throws -> [UInt8] {
        try await blocking.run { [self] in
            var files: [String: JSON] = [:]
            for name in Self.backedUp { files[name] = .string(Base64.text(of: try folder.key(name))) }
            let contents = JSON.object([
                "archive": .string(id.text), "public_key": .string(try knownKeys().current.text), "keys": .object(files),
            ])
            return try PassphraseFile.seal(contents.canonicalBytes + [0x0A], passphrase: passphrase)
        }
    }

    /// Puts the keys of a backup back into the archive at `path`. Nothing is written unless they are this archive's.
    public static func restoreKeys(_ backup: [UInt8], passphrase: String, to path: String, holder: String) async throws -> NoteVerifier {
        try await BlockingWork().run {
            let (folder, description) = try ArchiveFolder.open(at: path, holder: holder)
            let identity = try Identity(in: description, path: path)
            // The ledger knows which key it is, also where a rotation was cut off before format.json said so.
            let catalog = try Catalog(in: path)
            defer { do { try catalog.close() } catch {} }  // because nothing was written to it
            let current = try knownKeys(catalog, identity, path: path).current
            return try restoreKeys(backup, passphrase: passphrase, to: folder, identity.with(publicKey: current.text))
        }
    }

    static func restoreKeys(_ backup: [UInt8], passphrase: String, to folder: ArchiveFolder, _ identity: Identity) throws -> NoteVerifier {
        try putKeys(try keyFiles(in: backup, passphrase: passphrase), to: folder, identity)
    }

    /// What a backup of keys holds.
    static func keyFiles(in backup: [UInt8], passphrase: String) throws -> KeyFiles {
        let contents = try PassphraseFile.open(backup, passphrase: passphrase)
        func wrong(_ reason: String) -> ArchiveError { .key(path: "the backup of keys", reason: reason) }
        guard case .object(let members)? = try? JSON(canonical: Array(contents.dropLast())),  // because the next line says what is wrong
            case .string(let archive)? = members["archive"], case .object(let files)? = members["keys"]
        else { throw wrong("it holds no keys of an archive") }
        var found: [String: [UInt8]] = [:]
        for name in backedUp {
            guard case .string(let text)? = files[name], let bytes = Base64.bytes(of: text) else { throw wrong("it lacks \(name)") }
            found[name] = bytes
        }
        return KeyFiles(origin: "the backup of keys", archive: archive, files: found)
    }

    /// What a folder of keys holds, that of another copy of the archive for example.
    static func keyFiles(inFolder path: String) throws -> KeyFiles {
        var found: [String: [UInt8]] = [:]
        for name in backedUp {
            let file = URL(fileURLWithPath: path).appendingPathComponent(name)
            do { found[name] = Array(try Data(contentsOf: file)) } catch {
                throw ArchiveError.key(path: file.path, reason: "it cannot be read")
            }
        }
        return KeyFiles(origin: path, archive: nil, files: found)
    }

    /// Writes keys into the archive; nothing is written unless they are this archive's.
    static func putKeys(_ keys: KeyFiles, to folder: ArchiveFolder, _ identity: Identity) throws -> NoteVerifier {
        let signer = try checked(keys, identity)
        for name in backedUp { try folder.writeKey(name, keys.files[name] ?? []) }
        return signer.verifier
    }

    /// The signer of these keys, after both were held against what the archive says of them.
    static func checked(_ keys: KeyFiles, _ identity: Identity) throws -> NoteSigner {
        func wrong(_ reason: String) -> ArchiveError { .key(path: keys.origin, reason: reason) }
        guard keys.archive == nil || keys.archive == identity.archive.text else {
            throw wrong("it is of archive \(keys.archive ?? ""), and this is \(identity.archive)")
        }
        let signer = try signer(keys.files[signingKey] ?? [], of: identity.archive, path: signingKey)
        guard signer.verifier.text == identity.publicKey else {
            throw wrong(
                "its signing key is \(signer.verifier), and the archive signs with \(identity.publicKey); take a backup of the keys of that time")
        }
        guard PersonalNumber.fingerprint(of: keys.files[personKey] ?? []) == identity.personKeyFingerprint else {
            throw wrong("its key of personal numbers is not this archive's")
        }
        return signer
    }
}

/// Keys on their way into an archive, by the names of their files.
struct KeyFiles: Sendable {
    /// Where they are from, for people.
    let origin: String
    /// The archive that they say they are of.
    let archive: String?
    let files: [String: [UInt8]]

    /// What the signing key among them verifies with.
    var verifier: NoteVerifier? {
        NoteSigner(secretText: String(decoding: files[Archive.signingKey] ?? [], as: UTF8.self).trimmingCharacters(in: .newlines))?.verifier
    }
}
