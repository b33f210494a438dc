public import ExtractionWire

/// A page as it is shown: pixels and nothing else.
public struct RenderedPage: Sendable, Equatable {
    /// A PNG, RGB with 8 bits, without any chunk but the pixels'. Its pixels are as trustworthy as the document.
    public let png: [UInt8]
    public let width: Int
    public let height: Int
}

/// What came of a request for a page image.
public enum RenderOutcome: Sendable, Equatable {
    case image(RenderedPage)
    /// The document has fewer pages.
    case noSuchPage(count: Int)
    /// Documents of this media type are not shown.
    case kindNotShown(String)
    /// No font is installed on this machine; nothing is wrong with the document.
    case noFonts
    /// The reader would not show it.
    case refused(RenderRefusal, reason: String)
    /// It met a limit, or crashed its reader twice.
    case failed(reason: String)
}

/// Makes images of pages in confined processes, one after the other, with a worker of its own. One object is one lane: it belongs to
/// one task at a time, and every call blocks until it is done.
public final class PageRenderer {
    /// Rises when the same page comes out otherwise.
    private static let version = 1
    /// The last page that can be asked for.
    public static let pagesAtMost = Frame.pageCountAtMost

    private let limits: RenderLimits
    private let lane: ReadingLane

    /// The tool that draws, and the versions of its parts.
    public var tool: String { "\(lane.tool) pages/\(Self.version)" }

    /// Starts the worker and returns when it has shown that it can confine a reader.
    /// - parameter path: the program `minhchung-extract`, absolute.
    /// - throws: `confinementUnavailable`, `workerMissing` or `workerFailed`; then nothing runs.
    public init(worker path: String, limits: RenderLimits = .init()) throws(ExtractionError) {
        self.limits = limits
        lane = try ReadingLane(worker: path)
    }

    /// Shows a page of a document: of a PDF what is printed of it, form fields and visible signatures among it, without annotations;
    /// of a JPEG or PNG its one image, turned as its camera noted, transparency over white.
    ///
    /// - parameters:
    ///   - page: from 1 to ``pagesAtMost``.
    ///   - width: pixels that it is not to be wider than; with `height`, as far as a ``PageRequest`` may go.
    ///   - document: an open file, for reading only; its offset does not matter and stays, and it is not closed.
    /// - throws: if no worker can run at all. Another call starts a new one.
    public func render(page: Int, width: Int, height: Int, of document: Int32) throws(ExtractionError) -> RenderOutcome {
        guard let request = PageRequest(page: page, width: width, height: height, limits: limits) else {
            preconditionFailure("a page image that may not be asked for")
        }
        switch try lane.ask(.render(request), request.limits.reader, about: document, AnswerDecoder(request)) {
        case .failed(let failure, _): return .failed(reason: failure.description)
        case .answered(let answer):
            switch answer.ending {
            case .image(let png, let width, let height): return .image(RenderedPage(png: png, width: width, height: height))
            case .noSuchPage(let count): return .noSuchPage(count: count)
            case .notRead: return .kindNotShown(answer.mediaType ?? "")
            case .notShown(.noFonts, _):
                // A worker knows the fonts that were there when it first drew.
                stop()
                return .noFonts
            case .notShown(let refusal, let reason): return .refused(refusal, reason: reason)
            case .done, .failed: preconditionFailure("the decoder of an image lets none of them through")
            }
        }
    }

    /// Ends the worker. The next document starts a new one.
    public func stop() {
        lane.stop()
    }

    /// The worker's process, `nil` when none runs.
    package var workerProcess: Int32? { lane.worker?.identifier }
}
