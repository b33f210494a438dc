/// Why no document can be read now. What is wrong with one document is a finding and never an error.
public enum ExtractionError: Error, Equatable, CustomStringConvertible {
    /// The worker runs, but this system cannot confine a reader; nothing is parsed without that.
    case confinementUnavailable(reason: String)
    /// There is no worker at this path that could be started.
    case workerMissing(path: String, cause: String)
    /// The worker started and does not do its work.
    case workerFailed(cause: String)
    /// The descriptor of the document could also write to it; the caller's mistake.
    case documentWritable

    public var description: String {
        switch self {
        case .confinementUnavailable(let reason): "reading documents: they cannot be confined here: \(reason)"
        case .workerMissing(let path, let cause): "starting the extraction worker \(path): \(cause)"
        case .workerFailed(let cause): "talking to the extraction worker: \(cause)"
        case .documentWritable: "reading a document: its descriptor is not open for reading only"
        }
    }
}
