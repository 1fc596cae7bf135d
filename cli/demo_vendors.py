"""The demo's vendors: the accounts that the companies of its world keep, served locally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime

from simulators import hubspot, pipedrive, yobi
from simulators.clock import StoppedClock
from simulators.hubspot import HubspotSimulator, HubspotState, Owner
from simulators.hubspot.associations import DEAL_COMPANIES, DEAL_CONTACTS
from simulators.pipedrive import PipedriveSimulator
from simulators.pipedrive.lived import account_of, live
from simulators.serving import serving
from simulators.world import World
from simulators.world.tenants import ZONE
from simulators.yobi import YobiSimulator
from simulators.yobi.from_world import yobi_of


class DemoVendors:
    """HubSpot, Pipedrive and Yobi, as they are at an instant of the world."""

    def __init__(self, world: World, until: datetime) -> None:
        """Let everything up to `until` have happened."""
        self._world = world
        self._clock = StoppedClock(until)
        self.hubspot = HubspotSimulator(hubspot_of(world))
        self.pipedrive = PipedriveSimulator(account_of(world, clock=self._clock, until=until))
        self.yobi = YobiSimulator(yobi_of(world, clock=self._clock))

    def live_until(self, until: datetime) -> None:
        """Let happen what happens up to `until`, and make it their time."""
        live(self.pipedrive.state, self._world, after=self._clock.now, until=until)
        self._clock.now = until

    @contextmanager
    def served(self) -> Iterator[Mapping[str, str]]:
        """Answer over HTTP for as long as the block lasts; yields the settings that find them."""
        with ExitStack() as stack:
            yield {
                "HUBSPOT_BASE_URL": stack.enter_context(serving(self.hubspot)),
                "HUBSPOT_ACCESS_TOKEN": hubspot.DEFAULT_TOKEN,
                "PIPEDRIVE_BASE_URL": stack.enter_context(serving(self.pipedrive)),
                "PIPEDRIVE_API_TOKEN": pipedrive.DEFAULT_TOKEN,
                "YOBI_BASE_URL": stack.enter_context(serving(self.yobi)),
                "YOBI_EMAIL": yobi.DEFAULT_EMAIL,
                "YOBI_PASSWORD": yobi.DEFAULT_PASSWORD,
                "JOB_TIMEZONE": ZONE.key,
            }


def hubspot_of(world: World) -> HubspotState:
    """The CRM of the world, as people keep it: dropdowns with only some of their options."""
    state = HubspotState.with_companies(
        [],
        dropdowns={"cs_stage": ["cs_sales", "cs_onboarding", "cs_success"]},
        owners=[Owner(id=owner.owner_id, email=owner.email) for owner in world.hubspot_owners],
    )
    for company in world.hubspot_companies:
        state.add(
            "companies",
            {
                **company.properties,
                "hs_object_id": company.hubspot_company_id,
                "createdate": company.created_at.isoformat(),
            },
        )
    for contact in world.hubspot_contacts:
        state.add(
            "contacts",
            {
                **contact.properties,
                "associatedcompanyid": contact.company_ids[0],
                "hs_object_id": contact.contact_id,
                "createdate": contact.created_at.isoformat(),
            },
        )
        for company_id in contact.company_ids:
            is_primary = company_id == contact.company_ids[0]
            state.associate(contact.contact_id, company_id, is_primary=is_primary)
    for deal in world.hubspot_deals:
        state.add(
            "deals",
            {
                **deal.properties,
                "hs_object_id": deal.deal_id,
                "createdate": deal.created_at.isoformat(),
            },
        )
        state.associate(deal.deal_id, deal.company_id, is_primary=True, kind=DEAL_COMPANIES)
        for contact_id in deal.contact_ids:
            state.associate(deal.deal_id, contact_id, kind=DEAL_CONTACTS)
    return state
