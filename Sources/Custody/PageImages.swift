internal import Catalog
public import Evidence
internal import Extraction
internal import Vault

/// How large a page is shown.
public enum PageImageSize: String, Sendable, CaseIterable {
    /// For lists.
    case thumbnail
    /// For reading.
    case page

    /// Pixels that neither side is longer than. A page of a PDF has a side of this length; an image is not made larger than it is.
    public var pixels: Int {
        switch self {
        case .thumbnail: 320
        case .page: 1_600
        }
    }
}

/// A page of an item as pixels, made by a confined reader: a browser that shows it gets no byte of what was handed in.
public struct PageImage: Sendable {
    /// A PNG without anything but pixels.
    public let png: [UInt8]
    public let width: Int
    public let height: Int
    /// SHA-256 of the PNG.
    public let etag: Digest
}

/// Why a page image is not given.
public enum PageImageError: Error, CustomStringConvertible {
    /// - Parameter count: how many there are; `nil` where that is not known.
    case noSuchPage(EvidenceID, page: Int, count: Int?)
    /// It cannot be shown: it is of a kind that is not, encrypted, damaged, or too costly.
    case notShown(EvidenceID, page: Int, reason: String)
    /// So many are being made that this one would wait too long; nothing is wrong with it.
    case busy
    /// No page image can be made on this machine now.
    case unavailable(reason: String)

    public var description: String {
        switch self {
        case .noSuchPage(let item, let page, let count):
            "cannot show page \(page) of \(item): \(count.map { $0 == 1 ? "it has 1 page" : "it has \($0) pages" } ?? "there is none of this number")"
        case .notShown(let item, let page, let reason): "cannot show page \(page) of \(item): \(reason)"
        case .busy: "cannot show the page now: too many page images are being made; ask again in a moment"
        case .unavailable(let reason): "cannot show pages: \(reason)"
        }
    }
}

extension Archive {
    /// Page images that are made or wait to be made; who asks for one more is told that it is busy.
    public static let pageImagesAtOnce = PageImageDesk.laneCount + PageImageDesk.waitingAtMost
    /// Of these, for one account.
    public static let pageImagesAtOnceForOne = PageImageDesk.perAccount

    /// A page of an item as an image: of a PDF what is printed of the page, form fields and visible signatures among it, without annotations; of a JPEG or PNG its
    /// one image. That it was shown is in the access log before the answer is given.
    ///
    /// What was made is kept under `derived/`, and that something could not be made as well, for this version of the tool.
    ///
    /// - Parameters:
    ///   - reference: the item's id or the beginning of it.
    ///   - page: from 1.
    /// - Throws: ``PageImageError``; ``ArchiveError/refused(act:reason:)`` for an item that was erased; an error of the vault where its
    ///   bytes are damaged.
    public func pageImage(_ reference: String, page: Int, size: PageImageSize, by actor: Actor) async throws -> PageImage {
        let tool = try await pageImages.tool(worker)
        let found = try await blocking.run { [self] in
            let id = try resolve(reference, by: actor)
            guard let item = try catalog.item(id), let object = try catalog.object(item.object) else { throw ArchiveError.noSuchItem(reference) }
            if let record = item.erasedRecord {
                throw ArchiveError.refused(act: "show page \(page) of \(id)", reason: "it was erased, by record \(record)")
            }
            if let count = try pageCount(of: object), page > count {
                throw try notShown(.noSuchPage(id, page: page, count: count), of: id, to: actor)
            }
            guard (1...PageRenderer.pagesAtMost).contains(page) else {
                throw try notShown(.noSuchPage(id, page: page, count: nil), of: id, to: actor)
            }
            let wanted = WantedPage(object: object.description, page: page, size: size)
            let kept = keptOutcome(of: wanted, tool: tool)
            return (id, wanted, try kept.map { try show($0, of: id, wanted, to: actor) })
        }
        let (id, wanted, image) = found
        if let image { return image }
        let outcome = try await pageImages.outcome(of: wanted, for: actor.principal, worker: worker) { [self] in try make(wanted, with: $0) }
        return try await blocking.run { [self] in try show(outcome, of: id, wanted, to: actor) }
    }

    /// As extraction counted; `nil` where it did not.
    private func pageCount(of object: ObjectView) throws -> Int? {
        try finding(of: object).flatMap { $0.mediaType == "application/pdf" ? $0.pageCount : nil }
    }

    /// The error for a page that is not shown. It says something of the item, as a look at what is known of it does.
    private func notShown(_ error: PageImageError, of id: EvidenceID, to actor: Actor) throws -> PageImageError {
        try catalog.appendAccess(.viewed, to: [id.text], by: actor, at: now())
        return error
    }

    private func show(_ outcome: PageOutcome, of id: EvidenceID, _ wanted: WantedPage, to actor: Actor) throws -> PageImage {
        switch outcome {
        case .noSuchPage(let count): throw try notShown(.noSuchPage(id, page: wanted.page, count: count), of: id, to: actor)
        case .kindNotShown(let mediaType):
            let reason = "files of the kind \(mediaType) are not shown"
            throw try notShown(.notShown(id, page: wanted.page, reason: reason), of: id, to: actor)
        case .notShown(let reason): throw try notShown(.notShown(id, page: wanted.page, reason: reason), of: id, to: actor)
        case .image(let png, let width, let height):
            try catalog.appendAccess(.imaged, to: [id.text], by: actor, at: now())
            return PageImage(png: png, width: width, height: height, etag: Digest(of: png))
        }
    }

    private func keptOutcome(of wanted: WantedPage, tool: String) -> PageOutcome? {
        let kept: [UInt8]?
        do throws(VaultError) {
            kept = try folder.derived.bytes(of: wanted.object.digest, named: wanted.name(tool: tool))
        } catch {
            // What is derived is made again where it cannot be read.
            return nil
        }
        return kept.flatMap { PageOutcome($0) }
    }

    /// Has a reader show the page, whose bytes are checked before, and keeps what came of it.
    private func make(_ wanted: WantedPage, with renderer: PageRenderer) throws -> PageOutcome {
        let digest = wanted.object.digest
        if let damage = objects.damage(of: digest, size: wanted.object.size) { throw VaultError.damaged(digest, damage) }
        let stored = try objects.open(wanted.object, pieces: [])
        let outcome = try withExtendedLifetime(stored) {
            let side = wanted.size.pixels
            return try PageOutcome(renderer.render(page: wanted.page, width: side, height: side, of: stored.descriptor))
        }
        guard let bytes = outcome.bytes else { return outcome }
        do {
            if try catalog.object(digest)?.erasedRecord != nil { return outcome }
            guard let prepared = try folder.derived.prepare(bytes, of: digest, named: wanted.name(tool: renderer.tool)) else { return outcome }
            do {
                // Not while something is erased: what was erased after it was read is not kept. All else is done while others act.
                try acting {
                    if try catalog.object(digest)?.erasedRecord != nil { return folder.derived.discard(prepared) }
                    try folder.derived.place(prepared)
                }
            } catch {
                folder.derived.discard(prepared)
                throw error
            }
            try folder.derived.trim()
        } catch is VaultError {}  // because a page image that cannot be kept is only made again
        return outcome
    }
}
