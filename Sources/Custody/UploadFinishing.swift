internal import Catalog
public import Evidence
internal import Vault

extension Archive {
    /// Makes an upload that has all of its bytes an item: they are read again from the disk and digested, and become an object and a
    /// record as those of ``deposit(_:by:extracts:report:)`` do. The text is read later. Asked again, it answers the same again as
    /// long as the upload is remembered.
    ///
    /// - Throws: ``UploadError/digest(expected:found:)`` where it is another file than its sender said; it is removed then.
    public func finishUpload(_ id: UploadID, by actor: Actor) async throws -> DepositOutcome {
        try await blocking.run { [self] in
            _ = try ownUpload(id, actor)
            return try holding(id) {
                var upload = try ownUpload(id, actor)
                if let outcome = upload.outcome { return try known(outcome, of: upload) }
                guard upload.received == upload.length else {
                    throw UploadError.incomplete(id, received: upload.received, length: upload.length)
                }
                guard let metadata = upload.metadata else { throw ArchiveError.notFound("upload", id.text) }
                try permitDeposit(for: metadata.person, by: actor)
                let outcome = try recorded(&upload, metadata, by: actor)
                try folder.uploads.remove(id.text)
                upload.item = outcome.item
                upload.expiresAt = expiry()
                upload.outcome =
                    switch outcome {
                    case .deposited: .deposited
                    case .alreadyDeposited(_, _, let isDescribedOtherwise): isDescribedOtherwise ? .alreadyOtherwise : .already
                    }
                try catalog.update(upload)
                reading.tell(self)
                return outcome
            }
        }
    }

    private func recorded(_ upload: inout UploadView, _ metadata: EvidenceMetadata, by actor: Actor) throws -> DepositOutcome {
        // What an end that was cut off has recorded is not recorded twice.
        if try catalog.item(upload.item) != nil { return try known(.deposited, of: upload) }
        let staged = try stage(upload)
        if let expected = upload.expected, expected != staged.digest {
            try remove(upload)
            throw UploadError.digest(expected: expected, found: staged.digest)
        }
        if upload.object != staged.digest {
            // Before the file moves: so that it can be found again among the objects.
            upload.object = staged.digest
            try catalog.update(upload)
        }
        let view = upload
        let deposit = StagedDeposit(object: staged, metadata: metadata, item: view.item) { [self] in try stage(view) }
        // Proof for the index: one deposit has one outcome.
        return try recordDeposits([deposit], by: actor)[0].outcome.get()
    }

    private func stage(_ upload: UploadView) throws -> StagedObject {
        if let object = upload.object, try folder.uploads.size(of: upload.id.text) == nil {
            // An end that was cut off has moved it.
            if let staged = try objects.stage(stored: object, size: upload.length) { return staged }
            // An erasure has taken it, as it was nobody's: the sender begins anew.
            try catalog.removeUpload(upload.id)
            throw ArchiveError.notFound("upload", upload.id.text)
        }
        return try folder.uploads.stage(upload.id.text, size: upload.length)
    }

    private func known(_ outcome: UploadView.Outcome, of upload: UploadView) throws -> DepositOutcome {
        guard let item = try catalog.item(upload.item), item.erasedRecord == nil, let object = try catalog.object(item.object) else {
            throw ArchiveError.noSuchItem(upload.item.text)
        }
        let isFirst = try catalog.firstItems(of: [item.object])[item.object] == item.id
        return switch outcome {
        case .deposited: .deposited(item: item.id, object: object.description, isNewObject: isFirst)
        case .already: .alreadyDeposited(item: item.id, object: object.description, isDescribedOtherwise: false)
        case .alreadyOtherwise: .alreadyDeposited(item: item.id, object: object.description, isDescribedOtherwise: true)
        }
    }

    /// Deposits one file whose bytes arrive in one go; when it returns, the item survives power loss. The text is read later. Memory
    /// does not grow with the number of bytes.
    ///
    /// - Parameters:
    ///   - length: how many bytes are to come, as far as that is known. Room is taken for them, and where it is not known for as many as
    ///     may come.
    ///   - atMost: how many bytes may come where `length` is not known; the largest size of an upload where this is not known either.
    ///   - expected: the file's digest, if it is known. The bytes are always read: a digest alone gives nobody anything.
    /// - Throws: ``UploadError``; what `chunks` throws, and then nothing was deposited.
    public func deposit<Chunks: AsyncSequence>(
        _ metadata: EvidenceMetadata, length: Int64? = nil, atMost: Int64? = nil, expected: Digest? = nil, _ chunks: Chunks, by actor: Actor
    ) async throws -> DepositOutcome where Chunks.Element == [UInt8] {
        let metadata = try metadata.checked()
        let limits = uploadLimits
        if let length, length > limits.size { throw UploadError.tooLarge(length: length, limit: limits.size) }
        let name = metadata.fileName ?? "the upload"
        let most = length ?? min(atMost ?? limits.size, limits.size)
        let (file, taken) = try await blocking.run { [self] in
            try permitDeposit(for: metadata.person, by: actor)
            let taken = try takeRoom(most) { UploadError.tooLittleSpace(free: $0, needed: $1) }
            return (try objects.receive(name, size: length ?? 0), taken)
        }
        defer { taken.keep(0) }
        do {
            var block: [UInt8] = []
            var size: Int64 = 0
            for try await chunk in chunks {
                size += Int64(chunk.count)
                let limit = length ?? limits.size
                guard size <= limit else { throw UploadError.tooLarge(length: size, limit: limit) }
                block += chunk
                if block.count >= Self.uploadBlock {
                    let full = block
                    block = []
                    let rest = most - size
                    try await blocking.run { [self] in
                        try checkFloor(for: full.count)
                        try file.append(full)
                        taken.keep(rest)
                    }
                }
            }
            if let length, size < length { throw VaultError.changedWhileRead(object: name) }
            let rest = block
            try await blocking.run { [self] in
                try checkFloor(for: rest.count)
                try file.append(rest)
                taken.keep(0)
            }
        } catch {
            try await blocking.run { file.discard() }
            throw error
        }
        return try await blocking.run { [self] in
            let staged = try file.finish()
            if let expected, expected != staged.digest {
                objects.discard(staged)
                throw UploadError.digest(expected: expected, found: staged.digest)
            }
            // Proof for the index: one deposit has one outcome.
            let outcome = try recordDeposits([StagedDeposit(object: staged, metadata: metadata) { staged }], by: actor)[0].outcome.get()
            reading.tell(self)
            return outcome
        }
    }
}
