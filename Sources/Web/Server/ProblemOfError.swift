internal import Accounts
internal import Custody
internal import Recognition

extension Problem {
    /// The one table from errors to problems. What is not in it is a failure, of which the answer says nothing.
    init(of error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ArchiveError: self = Self.of(error)
        case let error as UploadError: self = Self.of(error)
        case let error as PageImageError: self = Self.of(error)
        case let error as BundleError: self = Self.of(error)
        case let error as SignInError: self = Self.of(error)
        case let error as OpenIDError: self = Self.of(error)
        case let error as PasswordRefusal: self = Problem("password", 422, "The password is not taken", "\(error)")
        case let error as LifeError: self = .conflict(error.description)
        case let error as RuleMistakes: self = .field("/text", error.mistakes.map(\.description).joined(separator: "; "))
        default: self = Archive.trouble(error).map(Self.of) ?? .failure
        }
    }

    private static func of(_ error: ArchiveError) -> Problem {
        switch error {
        case .noSuchItem, .notFound: .notFound(error.description)
        case .ambiguousItem, .ambiguous, .tooShort: Problem("ambiguous", 404, "Not found", error.description)
        case .refused: .conflict(error.description)
        case .notPermitted: .forbidden(error.description)
        case .noWords: Problem("parameter", 400, "A parameter is wrong", error.description)
        case .metadata(let field, let reason): .field("/metadata/\(String(field.map { $0 == " " ? "_" : $0 }))", reason)
        case .extractionRefused: Problem("unavailable", 503, "It cannot be done here now", "documents cannot be read on this server now")
        // Both name places on this machine.
        case .format, .key: .failure
        }
    }

    private static func of(_ error: SignInError) -> Problem {
        switch error {
        case .refused: Problem("sign-in", 401, "Not signed in", error.description)
        case .throttled(let seconds): .tooMany(error.description, retryAfter: seconds)
        case .tooManyAtOnce: Problem("busy", 503, "Too much at once", error.description, fields: ["retry-after": "2"])
        case .codeRequired: Problem("code-required", 401, "A code is wanting", error.description)
        case .authenticatorRequired: Problem("authenticator-required", 403, "An authenticator is wanting", error.description)
        case .setupLinkInvalid: Problem("setup-link", 401, "The link is not good", error.description)
        case .codeDiffers: .field("/authenticator/code", error.description)
        }
    }

    /// What a provider says of itself, and where it lies, is for the log alone.
    private static func of(_ error: OpenIDError) -> Problem {
        switch error {
        case .settings: .failure
        case .notBegun: Problem("provider-not-begun", 401, "Not signed in", error.description)
        case .cancelled: Problem("provider-cancelled", 401, "Not signed in", error.description)
        case .tooManyWait: Problem("busy", 503, "Too much at once", error.description, fields: ["retry-after": "2"])
        case .unreachable:
            Problem(
                "provider-unreachable", 502, "The sign-in provider cannot be reached",
                "cannot reach the sign-in provider now; try again later, or sign in by password", cause: error.description)
        case .notAnAnswer:
            Problem(
                "provider-answer", 502, "The sign-in provider does not answer as it has to",
                "cannot sign in by the provider now; try again later, or sign in by password", cause: error.description)
        case .refused: Problem("provider-refused", 401, "Not signed in", error.description, cause: error.description)
        }
    }

    private static func of(_ error: UploadError) -> Problem {
        switch error {
        case .tooLarge: Problem("too-large", 413, "The file is too large", error.description)
        case .overQuota: Problem("too-many", 429, "Too many uploads", error.description, fields: ["retry-after": "60"])
        case .tooLittleSpace: Problem("full", 507, "The disk is full", "there is no room for the file now; try again later")
        case .offset: Problem("offset", 409, "The upload is elsewhere", error.description)
        case .inHand: Problem("in-hand", 423, "Another request is at work on the upload", error.description)
        case .tooLong: Problem("too-large", 413, "More came than was announced", error.description, closes: true)
        case .checksum: Problem("checksum", 460, "The checksum differs", error.description)
        case .incomplete: Problem("incomplete", 409, "Not all bytes are there", error.description)
        case .digest: Problem("digest", 422, "The file is another", error.description)
        }
    }

    private static func of(_ error: PageImageError) -> Problem {
        switch error {
        case .noSuchPage: .notFound(error.description)
        case .notShown: Problem("not-shown", 409, "The page cannot be shown", error.description)
        case .busy: Problem("busy", 503, "Too much at once", error.description, fields: ["retry-after": "1"])
        case .unavailable: Problem("unavailable", 503, "It cannot be done here now", "pages cannot be shown on this server now")
        }
    }

    private static func of(_ error: BundleError) -> Problem {
        switch error {
        case .busy: Problem("busy", 503, "Too much at once", error.description, fields: ["retry-after": "60"])
        case .tooLittleSpace: Problem("full", 507, "The disk is full", "there is no room to make the bundle now; try again later")
        }
    }

    private static func of(_ trouble: Archive.Trouble) -> Problem {
        switch trouble {
        case .damaged: Problem("damaged", 500, "The object is damaged", "its bytes are not those that were deposited, so they are not given out")
        case .full: Problem("full", 507, "The disk is full", "there is no room to keep it; nothing was recorded")
        case .stopped:
            Problem("stopped", 503, "Nothing is kept at present", "the disk refused to confirm a write; whoever runs this server has to look at it")
        case .file(let reason): Problem("file", 422, "The file is not taken", reason)
        }
    }
}
