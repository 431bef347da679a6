"""Entries that seem to be one service: a list of pairs, and what somebody decides about each."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from desk.directory_pages import HOME, DirectoryPages, Form, back
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.permissions import needs
from directory.errors import DirectoryError
from directory.review import twins


def add_routes(router: APIRouter, pages: DirectoryPages) -> None:
    """The list, and the decision."""

    @router.get("/directory/duplicates")
    @needs("directory.edit")
    def show_duplicates(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return pages.show(
                visit, request, "directory_twins.html", pairs=twins.pairs(visit.session), most=twins.MOST, refused=False
            )

    @router.post("/directory/duplicates")
    @needs("directory.edit")
    def decide(request: Request, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        try:
            one, other = UUID(sent.text("one")), UUID(sent.text("other"))
        except ValueError:
            raise NotFound from None
        keep = sent.text("keep")
        if keep not in ("", str(one), str(other)):
            raise NotFound
        try:
            with pages.door.visit(request) as visit:
                pages.service(visit, one)
                pages.service(visit, other)
                by = str(visit.user.id)
                if not keep:
                    twins.different(visit.session, one, other, by=by)
                else:
                    twins.same(visit.session, UUID(keep), other if keep == str(one) else one, by=by)
        except DirectoryError:
            # Somebody has archived it meanwhile, or it is on the list of what is never listed.
            with pages.door.visit(request) as visit:
                return pages.show(
                    visit, request, "directory_twins.html", status=409, pairs=twins.pairs(visit.session),
                    most=twins.MOST, refused=True,
                )  # fmt: skip
        back_to = sent.text("back")
        return back(f"{HOME}/{one}/state" if back_to == "entry" else f"{HOME}/duplicates", "compared")
